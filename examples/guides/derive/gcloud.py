"""Prints lists/gcloud.txt: the commands of gcloud with what they take.

Needs the Google Cloud SDK. Its tree of commands takes some minutes to print:

    gcloud meta list-gcloud > tree.json
    python3 derive/gcloud.py tree.json > lists/gcloud.txt
"""

import json
import sys

# The groups of commands that the guides need, or may.
GROUPS = (
    "access-context-manager",
    "asset",
    "auth",
    "compute addresses",
    "compute forwarding-rules",
    "compute networks",
    "config",
    "dns",
    "iam",
    "info",
    "init",
    "logging",
    "monitoring",
    "org-policies",
    "organizations",
    "policy-intelligence",
    "projects",
    "resource-manager",
    "run services",
    "run deploy",
    "services",
    "storage",
)


def word(name, nargs, required):
    if nargs in ("*", "+", "..."):
        name += "..."
    return name if required and nargs not in ("?", "*", "...") else "[" + name + "]"


def needed(arguments, flags):
    """The flags without which no call is complete: none of a group that can be left out or has a choice."""
    for a in arguments:
        if isinstance(a, int):
            if a >= 0 and flags[a]["is_required"]:
                yield a
        elif a.get("arguments") and a["is_required"] and not a["is_mutex"]:
            yield from needed(a["arguments"], flags)


def takes(command, flags, inherited):
    required = set(needed(command["constraints"]["arguments"], flags))
    for p in command["positionals"]:
        yield word(p["value"] or p["name"].upper(), p["nargs"], p["is_required"])
    for name, index in sorted(command["flags"].items()):
        flag = flags[index]
        if flag.get("is_global") or flag["is_hidden"] or name in inherited or name.startswith("---"):
            continue
        if name.startswith("--no-") and "--" + name[5:] in command["flags"]:
            continue
        text = ("!" if index in required else "") + name
        if flag["type"] != "bool":
            text += "=" + ("?" if flag["nargs"] == "?" else "|".join(flag["choices"]))
        yield text


def main():
    tree = json.load(open(sys.argv[1], encoding="utf-8"))
    flags = tree["SERIALIZED_FLAG_LIST"]
    own = [n for n, i in sorted(tree["flags"].items()) if not flags[i]["is_hidden"] and not n.startswith(("---", "--no-"))]
    print(f"# The commands of gcloud {tree['CLI_VERSION']}, as derive/gcloud.py prints them.")
    print("gcloud: " + " ".join(n if flags[tree["flags"][n]]["type"] == "bool" else n + "=" for n in own) + " -h -q")

    def walk(command):
        path = " ".join(command["path"][1:])
        if command["is_hidden"] or not any(g == path or g.startswith(path + " ") or path.startswith(g + " ") for g in GROUPS):
            return
        if not command["is_group"]:
            print("gcloud " + " ".join([path + ":", *takes(command, flags, own)]))
        for _, child in sorted(command["commands"].items()):
            walk(child)

    for _, child in sorted(tree["commands"].items()):
        walk(child)


main()
