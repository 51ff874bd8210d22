"""Prints lists/aws.txt: the commands of the AWS CLI with what they take.

Needs the AWS CLI as a Python package, which is its version 1:

    python3 derive/aws.py > lists/aws.txt

What version 2 alone has is from its reference, https://docs.aws.amazon.com/cli/latest/reference, and
written here.
"""

from awscli import __version__
from awscli.clidriver import create_clidriver

SERVICES = "cloudtrail codebuild configure ec2 ecs eks iam lambda logs organizations secretsmanager ssm sts".split()

# Of these commands alone, since the service has hundreds.
EC2 = """associate-iam-instance-profile authorize-security-group-ingress create-security-group create-vpc-endpoint
describe-iam-instance-profile-associations describe-instance-attribute describe-instances describe-security-groups
describe-subnets describe-vpc-endpoint-services describe-vpc-endpoints describe-vpcs modify-instance-metadata-defaults
modify-instance-metadata-options modify-vpc-attribute modify-vpc-endpoint replace-iam-instance-profile-association
run-instances""".split()

VERSION_2 = """aws configure export-credentials: --format=process|env|env-no-export|powershell|windows-cmd|fish
aws configure list:
aws configure list-profiles:
aws configure sso: --no-browser --use-device-code
aws configure sso-session:
aws logs tail: GROUP_NAME --filter-pattern= --follow --format= --log-stream-name-prefix= --log-stream-names=* --since=
aws sso login: --no-browser --sso-session= --use-device-code
aws sso logout:"""


def takes(arguments):
    for name, argument in arguments.items():
        if name in ("cli-input-json", "generate-cli-skeleton"):
            continue  # every command has them
        if getattr(argument, "positional_arg", False) or name == "outfile":
            repeated = getattr(argument, "nargs", None) in ("*", "+")
            yield name.upper() + ("..." if repeated else "")
            continue
        text = ("!" if argument.required else "") + "--" + name
        kind = argument.cli_type_name
        if name == "generate-cli-skeleton":
            text += "=?"
        elif kind in ("list", "map") or getattr(argument, "nargs", None) in ("*", "+"):
            text += "=*"
        elif kind != "boolean":
            text += "=" + "|".join(getattr(argument, "choices", None) or [])
        yield text


def main():
    driver = create_clidriver()
    own = []
    for name, argument in sorted(driver._get_argument_table().items()):
        flag = argument.cli_type_name == "boolean" or getattr(argument, "action", None) in ("store_true", "version")
        flag = flag or name in ("debug", "no-verify-ssl", "no-paginate", "version", "no-sign-request")
        if name != "v2-debug":
            own.append("--" + name + ("" if flag else "="))
    print(f"# The commands of aws-cli {__version__}, as derive/aws.py prints them, and of version 2 what version 1 lacks.")
    print("aws: " + " ".join([*own, "--cli-input-json=", "--generate-cli-skeleton=?"]))
    newer = {line.partition(":")[0] for line in VERSION_2.splitlines()}
    table = driver._get_command_table()
    lines = VERSION_2.splitlines()
    for service in SERVICES:
        command = table[service]
        subcommands = command._get_command_table() if hasattr(command, "_get_command_table") else command.subcommand_table
        for name, subcommand in sorted(subcommands.items()):
            path = f"aws {service} {name}"
            if service == "ec2" and name not in EC2 or path in newer or getattr(subcommand, "_UNDOCUMENTED", False):
                continue
            nested = getattr(subcommand, "subcommand_table", None)
            if not nested:
                lines.append(" ".join([path + ":", *takes(subcommand.arg_table)]))
            else:
                for inner, last in sorted(nested.items()):
                    lines.append(" ".join([f"{path} {inner}:", *takes(last.arg_table)]))
    print("\n".join(sorted(lines)))


main()
