// Package principal tells how Google Cloud sees an identity from AWS, and by which names IAM
// policies grant it access.
//
// Google's Security Token Service learns three things about a caller: its AWS account, ARN and user
// ID ([Identity]). The workload identity pool provider maps them to Google's [Attributes], by
// [DefaultMapping] when nothing else is configured. A [Member] of an IAM policy then names one
// subject, all that share an attribute or group, or everyone in the pool:
//
//	provider, err := principal.ParseAudience(audience)
//	attributes, err := principal.DefaultMapping(principal.Identity{ARN: arn})
//	for _, member := range attributes.Members(provider) {
//		// each of these in a binding lets the caller in
//	}
//
// A binding that does not match is the usual cause of "Permission
// 'iam.serviceAccounts.getAccessToken' denied". Often it names the bare role, as
// [DocumentedMapping] yields it, while the provider uses the default mapping, or the other way
// round.
package principal
