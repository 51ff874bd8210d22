"""Does with google-auth what one column of the matrix is about, and prints the result as JSON.

The credential file and the AWS keys come from the environment, and so does the proxy by which
everything goes but loopback.
"""

import base64
import json
import os
import sys

import google.auth.transport.requests
from google.auth import aws
from google.auth import downscoped
from google.auth import iam
from google.auth import impersonated_credentials

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


def result(asked):
    request = google.auth.transport.requests.Request()
    # google.auth.default(scopes=...) would ask Resource Manager for the project as well.
    credentials = aws.Credentials.from_file(os.environ["GOOGLE_APPLICATION_CREDENTIALS"], scopes=SCOPES)
    if asked["column"] == "ID token":
        # external_account credentials give no ID tokens; those of impersonated_credentials do.
        target = impersonated_credentials.Credentials(credentials, asked["account"], SCOPES)
        credentials = impersonated_credentials.IDTokenCredentials(target, asked["audience"], include_email=True)
    if asked["column"] == "signing":
        signature = iam.Signer(request, credentials, asked["account"]).sign(asked["payload"].encode())
        return {"signature": base64.b64encode(signature).decode()}
    if asked["column"] == "downscoping":
        rule = downscoped.AccessBoundaryRule(asked["resource"], [asked["permission"]])
        credentials = downscoped.Credentials(credentials, downscoped.CredentialAccessBoundary([rule]))
    credentials.refresh(request)
    return {"token": credentials.token}


try:
    print(json.dumps(result(json.loads(os.environ["ASKED"]))))
except Exception as error:  # every failure is the test's to judge
    sys.exit("%s: %s" % (type(error).__name__, error))
