"""Usage: workload.py ADMIN. Gets a token, and fails to while a fault is on that it injects."""
import json, os, sys, urllib.request
import google.auth.transport.requests
from google.auth import aws

def token():
    with open(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]) as file:
        info = json.load(file)
    for name in ("url", "region_url", "imdsv2_session_token_url"):  # the keys are in the environment
        info["credential_source"].pop(name, None)
    credentials = aws.Credentials.from_info(info, scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(google.auth.transport.requests.Request())
    return credentials.token

def admin(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(sys.argv[1] + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read() or "{}")

print("a token:", token()[:7])
fault = admin("POST", "/faults", {"name": "missing-binding"})
try:
    print("with the fault:", token()[:7])
except google.auth.exceptions.GoogleAuthError as error:
    print("with the fault:", error)
admin("DELETE", "/faults/" + fault["id"])
print("without it:", token()[:7])
