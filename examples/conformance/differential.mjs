// Asks for a token with each credential file of a directory, all at once, and prints what
// google-auth-library says of each as JSON: the class of the error and its message, or
// nothing for a token.
//
//	node differential.mjs node10 FILES.json
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [directory, list] = process.argv.slice(2);
const library = createRequire(resolve(directory, 'package.json'))('google-auth-library');
const asked = JSON.parse(readFileSync(list, 'utf8'));

// After a redirect the library goes without the proxy. Nothing but loopback is to be asked, names
// neither.
dns.lookup = (name, options, done) =>
  (done ?? options)(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));

const late = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds, { class: 'none', text: 'no answer' }));

async function say(file) {
  const auth = new library.GoogleAuth({ keyFile: file, scopes: ['https://www.googleapis.com/auth/cloud-platform'] });
  try {
    const token = await auth.getAccessToken();
    return token ? { class: '', text: '' } : { class: 'none', text: 'no error, and no token' };
  } catch (error) {
    return { class: error?.constructor?.name ?? typeof error, text: String(error?.message ?? error) };
  }
}

const said = Object.fromEntries(await Promise.all(
  Object.entries(asked).map(async ([fault, { file, seconds }]) => [fault, await Promise.race([say(file), late(seconds)])]),
));
process.stdout.write(JSON.stringify(said), () => process.exit(0)); // some still wait
