// Usage: workload.mjs ADMIN. Gets a token, and fails to while a fault is on that it injects.
import { createRequire } from 'node:module';
const { GoogleAuth } = createRequire(new URL('../node10/package.json', import.meta.url))('google-auth-library');

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
const token = () => new GoogleAuth({ scopes }).getAccessToken();

async function admin(method, path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(process.argv[2] + path, { method, headers, body: body && JSON.stringify(body) });
  return answer.status === 204 ? {} : answer.json();
}

console.log('a token:', (await token()).slice(0, 7));
const fault = await admin('POST', '/faults', { name: 'missing-binding' });
await token().then(
  (t) => console.log('with the fault:', t.slice(0, 7)), (error) => console.log('with the fault:', error.message));
await admin('DELETE', `/faults/${fault.id}`);
console.log('without it:', (await token()).slice(0, 7));
