"""Usage: fault.py EMULATOR ADMIN. Sees EC2 metadata fail while a fault is on."""
import json, sys, urllib.request

emulator, admin = sys.argv[1:]

def call(method, url, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read().decode()

def session():
    return call("PUT", emulator + "/latest/api/token", X_Aws_Ec2_Metadata_Token_Ttl_Seconds="60")

assert session()
fault = json.loads(call("POST", admin + "/faults", {"name": "metadata-down"}))
try:
    session()
    sys.exit("the request did not fail")
except OSError as error:
    print("with the fault:", error)
call("DELETE", admin + "/faults/" + fault["id"])
assert session()
print("without it: fine")
