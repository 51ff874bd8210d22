package world

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/config"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// checkRegion checks that the region is in the partition.
func (b *builder) checkRegion() {
	region, partition := b.file.AWS.Region, string(b.file.AWS.Partition)
	if region == "" {
		return
	}
	if partition == "" {
		partition = fakeaws.PartitionOf(region)
	}
	in, known, ok := fakeaws.STSRegion("sts." + region + "." + fakeaws.DNSSuffix(partition))
	if !ok || in != partition || known != region {
		b.faults.Addf("aws.region", "partition %s has no region %q", partition, region)
	}
}

// homeRole returns the name of the role that the exports are of: that of the EC2 instance, if it is
// in the first account, or the first one there.
func (b *builder) homeRole() string {
	roles := b.file.AWS.Accounts[0].Roles
	for _, role := range roles {
		if b.file.AWS.EC2Role != nil && *b.file.AWS.EC2Role == role.Name {
			return role.Name
		}
	}
	if len(roles) == 0 {
		return ""
	}
	return roles[0].Name
}

// addAWS puts the accounts of the file in the place of the default one.
func (b *builder) addAWS() {
	file, cloud := b.file.AWS, b.clouds.AWS
	if file.Accounts != nil {
		// A role that is there could not get another path.
		_ = cloud.RemoveRole(cloud.InstanceRole()) // which is there
		_ = cloud.SetInstanceRole("")
	}
	seen := make(map[config.AccountID]bool)
	for i, account := range file.Accounts {
		at := fmt.Sprintf("aws.accounts[%d]", i)
		if seen[account.ID] {
			b.faults.Addf(at+".id", "account %s is there twice", account.ID)
		}
		seen[account.ID] = true
		for j, role := range account.Roles {
			b.addRole(account.ID, role, fmt.Sprintf("%s.roles[%d]", at, j))
		}
		for j, user := range account.Users {
			b.addUser(account.ID, user, fmt.Sprintf("%s.users[%d]", at, j))
		}
	}
	b.setRoles()
	cloud.SetIMDSv1(file.InstanceMetadataV1)
	if file.OutboundIdentity {
		cloud.EnableOutboundIdentity()
	}
}

// addRole adds a role, which must not be there.
func (b *builder) addRole(account config.AccountID, role config.Role, at string) {
	arn := "arn:" + b.partition() + ":iam::" + string(account) + ":role" + cmp.Or(role.Path, "/") + role.Name
	if found, err := b.clouds.AWS.RoleARN(arn); err == nil {
		b.faults.Addf(at+".name", "role %s is there twice", found)
		return
	}
	google := make([]fakeaws.GoogleTrust, len(role.Google))
	for i, trust := range role.Google {
		google[i] = fakeaws.GoogleTrust(trust)
	}
	for i, trusted := range role.Trusts {
		if !b.principal(trusted) {
			b.faults.Addf(fmt.Sprintf("%s.trusts[%d]", at, i), "%q is not an ARN of partition %s, an account of 12 digits or *", trusted, b.partition())
		}
	}
	_, err := b.clouds.AWS.AddRole(fakeaws.Role{
		Account: string(account), Name: role.Name, Path: role.Path, Trusts: role.Trusts, ExternalID: role.ExternalID,
		Subjects: role.Subjects, Google: google, MaxSession: role.MaxSession,
	})
	if err != nil {
		b.faults.Add(at, err)
	}
}

// principal reports whether a trust policy of the partition can name somebody like this.
func (b *builder) principal(trusted string) bool {
	digits := len(trusted) == 12 && strings.Trim(trusted, "0123456789") == ""
	return trusted == "*" || digits || strings.HasPrefix(trusted, "arn:"+b.partition()+":")
}

// addUser adds a user with the keys of the file.
func (b *builder) addUser(account config.AccountID, user config.User, at string) {
	if _, err := b.clouds.AWS.AddUser(string(account), user.Name); err != nil {
		b.faults.Add(at, err)
		return
	}
	arn := "arn:" + b.partition() + ":iam::" + string(account) + ":user/" + user.Name
	for i, key := range user.AccessKeys {
		if b.keys[key.AccessKeyID] {
			b.faults.Addf(fmt.Sprintf("%s.access_keys[%d]", at, i), "the key %s is there twice", key.AccessKeyID)
		}
		b.keys[key.AccessKeyID] = true
		keys := aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}
		if err := b.clouds.AWS.ImportKeys(arn, keys); err != nil {
			b.faults.Add(fmt.Sprintf("%s.access_keys[%d]", at, i), err)
		}
	}
}

// setRoles has the instance, the task and the pods run as the roles of the file.
func (b *builder) setRoles() {
	file, cloud := b.file.AWS, b.clouds.AWS
	role := cloud.InstanceRole()
	if len(file.Accounts) > 0 && file.EC2Role == nil {
		role = b.homeRole()
	}
	if file.EC2Role != nil {
		role = *file.EC2Role
	}
	if err := cloud.SetInstanceRole(role); err != nil {
		b.faults.Add("aws.ec2_role", err)
	}
	for _, other := range []struct {
		path, role string
		set        func(string) error
	}{
		{"aws.ecs_role", file.ECSRole, cloud.SetTaskRole},
		{"aws.eks_role", file.EKSRole, func(role string) error { return cloud.SetPodRole(role, "") }},
	} {
		if other.role == "" {
			_ = other.set(role) // which is there, or was said not to be
		} else if err := other.set(other.role); err != nil {
			b.faults.Add(other.path, err)
		}
	}
}

// partition is the AWS partition.
func (b *builder) partition() string {
	if b.file.AWS.Partition != "" {
		return string(b.file.AWS.Partition)
	}
	return fakeaws.PartitionOf(b.file.AWS.Region)
}
