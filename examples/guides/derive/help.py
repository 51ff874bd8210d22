"""Prints lists/docker.txt, kubectl.txt and curl.txt: what the help of these tools says.

Needs the tool, and prints the list of one:

    python3 derive/help.py kubectl > lists/kubectl.txt
"""

import re
import subprocess
import sys

COMMANDS = {
    "docker": {"build": "PATH", "exec": "CONTAINER COMMAND... --",
               "logs": "CONTAINER", "pull": "NAME", "push": "NAME", "run": "IMAGE [COMMAND...] --", "tag": "SOURCE TARGET"},
    "kubectl": {"annotate": "TYPE NAME...", "apply": "", "auth can-i": "VERB [TYPE...]", "create configmap": "NAME",
                "create namespace": "NAME", "create serviceaccount": "NAME", "create token": "NAME", "delete": "[TYPE...]",
                "describe": "TYPE [NAME...]", "exec": "[NAME] [COMMAND...]", "get": "[TYPE...]", "label": "TYPE NAME...", "logs": "[NAME...]",
                "port-forward": "NAME PORT...", "rollout restart": "TYPE...", "rollout status": "TYPE...", "rollout undo": "TYPE...",
                "run": "NAME [COMMAND...]", "set env": "TYPE [NAME...]", "set serviceaccount": "TYPE NAME...", "version": "",
                "wait": "[TYPE...]"},
}

# Docker Compose is a plugin that need not be there; this is from its reference, https://docs.docker.com/reference/cli/docker/compose.
COMPOSE = """docker compose config: [SERVICE...] -f,--file= -q,--quiet
docker compose down: [SERVICE...] -f,--file= --remove-orphans -v,--volumes
docker compose exec: SERVICE COMMAND... -- -e,--env= -f,--file= -T,--no-TTY
docker compose logs: [SERVICE...] -f,--follow --tail=
docker compose up: [SERVICE...] --abort-on-container-exit --build -d,--detach -f,--file= --exit-code-from= --wait"""


def said(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def pflags(text):
    """The flags that a program of package pflag lists: kubectl's with their defaults, others' with their types."""
    for short, long, default, kind in re.findall(r"(?m)^ +(?:(-\w), )?(--[a-z0-9-]+)(?:=(.*):$| ?(\S*))", text):
        names = ",".join(filter(None, (short, long)))
        if default in ("true", "false") or not default and not kind:
            yield names
        else:
            yield names + "="


def main():
    tool = sys.argv[1]
    if tool == "curl":
        print("# The flags of", said("curl", "--version").split(" (")[0] + ", as derive/help.py prints them.")
        flags = []
        for short, long, value in re.findall(r"(?m)^ ?(?:(-.), )? *(--[a-z0-9.-]+)( <.*?>)?", said("curl", "--help", "all")):
            flags.append(",".join(filter(None, (short, long))) + ("=" if value else ""))
        print("curl: URL...", *flags)
        return
    version = said("kubectl", "version", "--client") if tool == "kubectl" else said("docker", "--version")
    print("# Some commands of", version.splitlines()[0] + ", as derive/help.py prints them.")
    print(tool + ":", *(pflags(said("kubectl", "options")) if tool == "kubectl" else ["--context="]))
    for command, operands in COMMANDS[tool].items():
        text = said(tool, *command.split(), "--help")
        text = text.partition("Options:\n")[2].partition("\nUsage:")[0]
        print(" ".join(filter(None, [f"{tool} {command}:", operands, *pflags(text)])))
    if tool == "docker":
        print(COMPOSE)


main()
