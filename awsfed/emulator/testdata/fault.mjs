// Usage: fault.mjs EMULATOR ADMIN. Sees EC2 metadata fail while a fault is on.
import assert from "node:assert/strict";

const [emulator, admin] = process.argv.slice(2);

async function order(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(admin + path, { method, headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}

const session = () =>
  fetch(emulator + "/latest/api/token", { method: "PUT", headers: { "X-aws-ec2-metadata-token-ttl-seconds": "60" } });

assert.equal((await session()).status, 200);
const fault = await order("POST", "/faults", { name: "metadata-down" });
await assert.rejects(session(), (error) => console.log("with the fault:", error.cause?.code ?? error) ?? true);
await order("DELETE", "/faults/" + fault.id);
assert.equal((await session()).status, 200);
console.log("without it: fine");
