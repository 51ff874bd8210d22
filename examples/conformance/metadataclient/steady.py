"""Asks for credentials every second, and uses them, until its standard input ends.

It prints a line for each time: ok, or what went wrong, an answer of the metadata server that
google-auth would ask for once more among it. google-auth takes a token for a fresh one until 3:45
minutes before its end, so that with tokens of a shorter life each time asks the metadata server.
"""

import select
import sys
import time

import google.auth
import google.auth.transport.requests

LIST = "https://storage.googleapis.com/storage/v1/b?project="


class Watched(google.auth.transport.requests.Request):
    """Keeps the statuses of the metadata server."""

    statuses = []

    def __call__(self, *args, **kwargs):
        answer = super().__call__(*args, **kwargs)
        self.statuses.append(answer.status)
        return answer


credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
session = google.auth.transport.requests.AuthorizedSession(credentials, refresh_status_codes=(), auth_request=Watched())
until = time.monotonic()
while True:
    Watched.statuses.clear()
    try:
        answer = session.get(LIST + project)
        statuses = Watched.statuses + [answer.status_code]
        print("ok" if len(statuses) > 1 and set(statuses) == {200} else statuses, flush=True)
    except Exception as error:
        print("%s: %s" % (type(error).__name__, str(error).replace("\n", " ")), flush=True)
    until += 1
    if select.select([sys.stdin], [], [], max(0, until - time.monotonic()))[0]:
        break
