package setup

import (
	"errors"
	"fmt"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

const (
	digits  = "0123456789"
	small   = "abcdefghijklmnopqrstuvwxyz"
	letters = small + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

	// awsName is what IAM takes in the name of a role, a user or a session (IAM API reference,
	// CreateRole, CreateUser; STS API reference, AssumeRole).
	awsName = letters + digits + "_+=,.@-"

	maxAWSName = 64
	maxPath    = 512 // of a user or a role (same reference)
	maxShown   = 150 // bytes of a value that an error quotes
)

// callerKind is what kind of principal AWS STS named.
type callerKind int

const (
	assumedRole callerKind = iota + 1
	iamUser
	federatedUser
)

// A caller is an AWS identity as far as a plan needs it.
type caller struct {
	kind      callerKind
	partition string
	account   string
	name      string // of the role without its path, the user or the federated user
	arn       string // as AWS STS says it, or would for some session
	session   bool   // arn is that of one session, which was given
	bound     string // attribute.aws_role under Google's default mapping
}

// sessions is the beginning that the ARNs of all sessions of a role have; "" for others.
func (c caller) sessions() string {
	if c.kind != assumedRole {
		return ""
	}
	return c.bound + "/"
}

// sso reports whether the role is one that AWS IAM Identity Center makes for a permission set.
func (c caller) sso() bool {
	return c.kind == assumedRole && strings.HasPrefix(c.name, "AWSReservedSSO_")
}

// parseCaller reads the ARN of GetCallerIdentity. It takes that of a role in IAM too, whose path
// AWS STS leaves out, and the one of an assumed role without its session.
func parseCaller(arn string) (caller, error) {
	c, err := parseARN(arn)
	if err != nil {
		return caller{}, err
	}
	if c.kind == assumedRole && !c.session {
		c.arn = "arn:" + c.partition + ":sts::" + c.account + ":assumed-role/" + c.name + "/SESSION"
	}
	attributes, err := principal.DefaultMapping(principal.Identity{Account: c.account, ARN: c.arn})
	if err != nil {
		return caller{}, err
	}
	c.bound = attributes.Custom["aws_role"]
	want := c.arn
	if c.kind == assumedRole {
		want = "arn:" + c.partition + ":sts::" + c.account + ":assumed-role/" + c.name
	}
	if c.bound != want {
		return caller{}, errors.New("its name or path has assumed-role in it, which Google's default mapping takes for the mark of a role: use another user, or better a role")
	}
	return c, nil
}

func parseARN(arn string) (caller, error) {
	parts := strings.SplitN(arn, ":", 6) // arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
	if len(parts) != 6 || parts[0] != "arn" || parts[3] != "" {
		return caller{}, errors.New("it is not an ARN as aws sts get-caller-identity prints it, arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION or arn:aws:iam::ACCOUNT:user/NAME")
	}
	c := caller{partition: parts[1], account: parts[4], arn: arn}
	if regionOf(c.partition) == "" {
		return caller{}, fmt.Errorf("its partition %q is not aws, aws-cn, aws-us-gov or aws-eusc", shown(c.partition))
	}
	if !accountID(c.account) {
		return caller{}, fmt.Errorf("its account %q is not twelve digits", shown(c.account))
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	switch what := parts[2] + ":" + kind; what {
	case "sts:assumed-role":
		c.kind = assumedRole
		var session string
		c.name, session, c.session = strings.Cut(name, "/")
		if c.session && (len(session) < 2 || !only(session, awsName, maxAWSName)) {
			return caller{}, fmt.Errorf("its session %q is not 2 to 64 of A-Z, a-z, 0-9 and _+=,.@-", shown(session))
		}
	case "iam:role":
		c.kind, c.name = assumedRole, name[strings.LastIndexByte(name, '/')+1:]
		if !path(strings.TrimSuffix(name, c.name)) {
			return caller{}, errors.New("the path of its role holds more than visible characters of ASCII")
		}
	case "iam:user":
		c.kind, c.name = iamUser, name[strings.LastIndexByte(name, '/')+1:]
		if !path(strings.TrimSuffix(name, c.name)) {
			return caller{}, errors.New("the path of its user holds more than visible characters of ASCII")
		}
	case "sts:federated-user":
		c.kind, c.name = federatedUser, name
	case "iam:root":
		return caller{}, errors.New("it is the root user of its account, whom no workload should be: run as a role, or give the role's ARN")
	default:
		return caller{}, fmt.Errorf("%q is not the kind of a caller: assumed-role, user, federated-user, or role", shown(kind))
	}
	if !only(c.name, awsName, maxAWSName) {
		return caller{}, fmt.Errorf("its name %q is not 1 to 64 of A-Z, a-z, 0-9 and _+=,.@-", shown(c.name))
	}
	return c, nil
}

// path reports whether s can be the path of a user or a role, without the slash in front: visible
// characters of ASCII (IAM API reference, CreateUser).
func path(s string) bool {
	return len(s) < maxPath && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// regionOf is a region of the partition, which stands for it where none is given; "" for a
// partition that Google cannot reach or that does not exist.
func regionOf(partition string) string {
	switch partition {
	case "aws":
		return "us-east-1"
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	case "aws-eusc":
		return "eusc-de-east-1"
	}
	return ""
}

// partitionOf is the partition of a region by the beginning of its name; "" for an isolated one.
func partitionOf(region string) string {
	beginning, _, _ := strings.Cut(strings.Replace(region, "us-gov", "usgov", 1), "-")
	switch {
	case beginning == "cn":
		return "aws-cn"
	case beginning == "usgov":
		return "aws-us-gov"
	case beginning == "eusc":
		return "aws-eusc"
	case strings.Contains(region, "-iso"):
		return ""
	}
	return "aws"
}

func accountID(s string) bool { return len(s) == 12 && only(s, digits, 12) }

// only reports whether s is 1 to most characters of the alphabet.
func only(s, alphabet string, most int) bool {
	return s != "" && len(s) <= most && strings.Trim(s, alphabet) == ""
}

// shown is as much of a value as an error quotes.
func shown(s string) string { return untrusted.Text(s, maxShown) }
