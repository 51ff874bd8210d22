package fakeaws

import (
	"encoding/json"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
)

// ec2Data is what the metadata service has below /latest/: what makes a text, by path. It is called
// for the one that is asked for alone, since new keys may come of it. The rest, the user data among
// it, is not there.
type ec2Data map[string]func() string

// list returns the names in a directory, whose path ends with a slash but for "", one a line; ok is
// false if there is no such directory. A name that has more below it ends with a slash, but not at
// the top: so it is recalled.
func (d ec2Data) list(directory string) (names string, ok bool) {
	var list []string
	for leaf := range d {
		below, ok := strings.CutPrefix(leaf, directory)
		if !ok {
			continue
		}
		name, _, more := strings.Cut(below, "/")
		if more && directory != "" {
			name += "/"
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), "\n"), len(list) > 0
}

// ec2Data returns all that there is.
func (a *Cloud) ec2Data() ec2Data {
	a.mu.Lock()
	region, zone, profileID := a.instance.region, a.instance.zone, a.instance.profileID
	account, name := a.account, ""
	role := a.instance.source.role
	if i, ok := a.roles[role]; ok {
		account, name = i.Account, i.Name
	} else if role != "" { // deleted under the instance
		name = path.Base(role)
	}
	a.mu.Unlock()

	data := ec2Data{
		"meta-data/ami-id":                      text("ami-0123456789abcdef0"),
		"meta-data/instance-id":                 text(instanceID),
		"meta-data/instance-type":               text("m7i.large"),
		"meta-data/local-ipv4":                  text("10.0.0.10"),
		"meta-data/placement/region":            text(region),
		"meta-data/placement/availability-zone": text(zone),
		"meta-data/services/partition":          text(a.partition),
		"meta-data/services/domain":             text(DNSSuffix(a.partition)),
		"dynamic/instance-identity/document": text(indented(map[string]any{
			"accountId": a.account, "architecture": "x86_64", "availabilityZone": zone, "billingProducts": nil,
			"devpayProductCodes": nil, "marketplaceProductCodes": nil, "imageId": "ami-0123456789abcdef0", "instanceId": instanceID,
			"instanceType": "m7i.large", "kernelId": nil, "pendingTime": "2026-01-02T03:04:05Z", "privateIp": "10.0.0.10",
			"ramdiskId": nil, "region": region, "version": "2017-09-30",
		})),
	}
	if name != "" {
		data["meta-data/iam/info"] = func() string {
			_, updated, _ := a.instanceKeys()
			return indented(map[string]any{
				"Code": "Success", "LastUpdated": awsTime(updated),
				"InstanceProfileArn": a.arn("iam", account, "instance-profile/"+name), "InstanceProfileId": profileID,
			})
		}
		data["meta-data/iam/security-credentials/"+name] = a.ec2Keys
	}
	return data
}

// text returns a function that returns s.
func text(s string) func() string { return func() string { return s } }

// serveEC2Data answers with a text or, for a directory, with what is in it. A directory's slash may
// be left out.
func (a *Cloud) serveEC2Data(w http.ResponseWriter, r *http.Request) {
	asked := strings.TrimPrefix(r.URL.Path, "/latest/")
	data := a.ec2Data()
	var body string
	leaf, ok := data[asked]
	switch {
	case ok:
		body = leaf()
	case asked == "":
		body, ok = data.list("")
	default:
		body, ok = data.list(strings.TrimSuffix(asked, "/") + "/")
	}
	if !ok {
		metadataError(w, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, body)
}

// ec2Keys returns the document of the keys of the instance's role.
func (a *Cloud) ec2Keys() string {
	keys, updated, err := a.instanceKeys()
	if err != nil { // the role is gone; EC2 says so with status 200
		return indented(map[string]any{
			"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role.", "LastUpdated": awsTime(a.now()),
		})
	}
	return indented(map[string]any{
		"Code": "Success", "LastUpdated": awsTime(updated), "Type": "AWS-HMAC",
		"AccessKeyId": keys.AccessKeyID, "SecretAccessKey": keys.SecretAccessKey, "Token": keys.SessionToken,
		"Expiration": awsTime(keys.Expires),
	})
}

// indented returns v as the metadata service writes it.
func indented(v map[string]any) string {
	b, _ := json.MarshalIndent(v, "", "  ") // cannot fail: it has strings and nulls alone
	return string(b)
}
