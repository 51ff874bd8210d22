"""Asks for Google credentials as a service on Google Cloud does, and prints them as JSON.

    client.py AUDIENCE

The audience is that of the ID token.
"""

import json
import sys

import google.auth
import google.auth.transport.requests
from google.oauth2 import id_token

LIST = "https://storage.googleapis.com/storage/v1/b?project="


def result(audience):
    request = google.auth.transport.requests.Request()
    credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(request)
    answer = google.auth.transport.requests.AuthorizedSession(credentials).get(LIST + project)
    answer.raise_for_status()
    return {
        "token": credentials.token,
        "id_token": id_token.fetch_id_token(request, audience),
        "listing": answer.text,
        "values": {"project": project, "email": credentials.service_account_email},
    }


try:
    print(json.dumps(result(sys.argv[1])))
except Exception as error:  # every failure is the test's to judge
    sys.exit("%s: %s" % (type(error).__name__, error))
