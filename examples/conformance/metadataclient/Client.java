import com.google.auth.oauth2.GoogleCredentials;
import com.google.auth.oauth2.IdTokenCredentials;
import com.google.auth.oauth2.IdTokenProvider;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Asks for Google credentials as a service on Google Cloud does, and prints the access token, the ID
 * token and the list of buckets, each on a line. Usage: Client.java AUDIENCE URL-OF-THE-LIST
 */
public class Client {
  public static void main(String[] args) throws Exception {
    GoogleCredentials credentials = GoogleCredentials.getApplicationDefault()
        .createScoped("https://www.googleapis.com/auth/cloud-platform");
    credentials.refresh();
    System.out.println(credentials.getAccessToken().getTokenValue());
    IdTokenCredentials identity = IdTokenCredentials.newBuilder()
        .setIdTokenProvider((IdTokenProvider) credentials).setTargetAudience(args[0]).build();
    identity.refresh();
    System.out.println(identity.getAccessToken().getTokenValue());
    HttpURLConnection list = (HttpURLConnection) new URL(args[1]).openConnection();
    for (Map.Entry<String, List<String>> header : credentials.getRequestMetadata().entrySet()) {
      list.setRequestProperty(header.getKey(), header.getValue().get(0));
    }
    try (InputStream body = list.getInputStream()) {
      System.out.println(new String(body.readAllBytes(), StandardCharsets.UTF_8).replaceAll("\\s+", " "));
    }
  }
}
