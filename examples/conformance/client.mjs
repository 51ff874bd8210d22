// Does with google-auth-library what one column of the matrix is about, and prints the
// result as JSON. The credential file and the AWS keys come from the environment.
//
//	node client.mjs DIRECTORY
//
// The directory has the library in its node_modules. Everything but loopback goes by the
// proxy of the environment.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [directory] = process.argv.slice(2);
const library = createRequire(resolve(directory, 'package.json'))('google-auth-library');
const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
const auth = new library.GoogleAuth({ scopes });
const asked = JSON.parse(process.env.ASKED);

async function result() {
  switch (asked.column) {
    case 'ID token': {
      // Its AWS client has no fetchIdToken; its Impersonated client has one, on top of the AWS client.
      const client = new library.Impersonated({
        sourceClient: await auth.getClient(), targetPrincipal: asked.account, targetScopes: scopes, lifetime: 3600,
      });
      return { token: await client.fetchIdToken(asked.audience, { includeEmail: true }) };
    }
    case 'signing':
      return { signature: await auth.sign(asked.payload) };
    case 'downscoping': {
      const rule = { availableResource: asked.resource, availablePermissions: [asked.permission] };
      const boundary = { accessBoundary: { accessBoundaryRules: [rule] } };
      const root = await auth.getClient();
      // From version 10 on the constructor takes one object.
      const narrow = library.DownscopedClient.length > 1 || asked.major < 10
        ? new library.DownscopedClient(root, boundary)
        : new library.DownscopedClient({ authClient: root, credentialAccessBoundary: boundary });
      return { token: (await narrow.getAccessToken()).token };
    }
    default:
      return { token: await auth.getAccessToken() };
  }
}

try {
  process.stdout.write(JSON.stringify(await result()));
} catch (error) {
  process.stderr.write(String(error?.message ?? error));
  process.exitCode = 1;
}
