"""Asks for a token with each credential file of a list, all at once, and prints what google-auth
says of each as JSON: the class of the error and its text, or nothing for a token."""

import json
import os
import sys
import threading
import time

import google.auth.transport.requests
from google.auth import aws


def say(file, said, fault):
    try:
        credentials = aws.Credentials.from_file(file, scopes=["https://www.googleapis.com/auth/cloud-platform"])
        credentials.refresh(google.auth.transport.requests.Request())
        said[fault] = {"class": "", "text": ""} if credentials.token else {"class": "none", "text": "no error, and no token"}
    except Exception as error:  # every failure is what is asked for
        said[fault] = {"class": type(error).__name__, "text": str(error)}


with open(sys.argv[1]) as f:
    asked = json.load(f)
said = {}
begun = time.monotonic()
threads = {fault: threading.Thread(target=say, args=(a["file"], said, fault), daemon=True) for fault, a in asked.items()}
for thread in threads.values():
    thread.start()
for fault, thread in threads.items():
    thread.join(max(0, begun + asked[fault]["seconds"] - time.monotonic()))
late = {"class": "none", "text": "no answer"}
print(json.dumps({fault: said.get(fault, late) for fault in asked}), flush=True)
os._exit(0)  # some still wait
