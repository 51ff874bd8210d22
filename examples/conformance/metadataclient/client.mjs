// Asks for Google credentials as a service on Google Cloud does, and prints them as JSON.
//
//	node client.mjs DIRECTORY AUDIENCE
//
// The directory has google-auth-library in its node_modules. The audience is that of the ID token.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [directory, audience] = process.argv.slice(2);
const { GoogleAuth } = createRequire(resolve(directory, 'package.json'))('google-auth-library');
const auth = new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/cloud-platform'] });

async function result() {
  const project = await auth.getProjectId();
  const token = await auth.getAccessToken();
  const client = await auth.getIdTokenClient(audience);
  const url = `https://storage.googleapis.com/storage/v1/b?project=${project}`;
  return {
    token,
    id_token: await client.idTokenProvider.fetchIdToken(audience),
    listing: JSON.stringify((await auth.request({ url })).data),
    values: { project, email: (await auth.getCredentials()).client_email },
  };
}

try {
  process.stdout.write(JSON.stringify(await result()));
} catch (error) {
  process.stderr.write(String(error?.stack ?? error));
  process.exitCode = 1;
}
