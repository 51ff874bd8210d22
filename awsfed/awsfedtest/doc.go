// Package awsfedtest is AWS and Google Cloud in one process, as far as workload identity federation
// goes: AWS STS and the credential endpoints of EC2, ECS and EKS on one side, Google's Security
// Token Service, the Service Account Credentials API, the OAuth 2.0 server and the project in the
// Cloud Resource Manager API on the other. It holds what they hold and checks what they check, so
// that the real AWS SDK and Google's own clients take it for the real thing, and a wrong binding is
// a real 403.
//
// # Testing one's own service
//
// [New] makes clouds in which all is well; [Cloud.Config] is the configuration of a workload in
// them; and [Cloud.Protect] makes an API of the test's own that takes the tokens of these clouds
// alone:
//
//	cloud := awsfedtest.New(awsfedtest.Options{})
//	source, err := awsfed.NewTokenSource(ctx, cloud.Config())
//	client := &http.Client{Transport: &awsfed.Transport{Source: source}}
//	api := httptest.NewServer(cloud.Protect(myFakeAPI))
//
// The package example has the whole of it. In one process without sockets, [Cloud.Handle] gives
// such an API its real name for [Cloud.Client].
//
// # What is there, and what else can be
//
// By default there is one account of AWS with the role app, which an EC2 instance, an ECS task and
// an EKS pod run as, and one provider of Google's, by which that role may be the service account
// aws-app@my-project.iam.gserviceaccount.com. [Options] name them otherwise, and choose the
// partition, region, universe, attribute mapping and condition. [Cloud.AddRole], [Cloud.AddUser],
// [Cloud.AddSession], [Cloud.AddProvider], [Cloud.AddOIDCProvider] and [Cloud.AddServiceAccount]
// add more, also of other AWS accounts; [Cloud.Grant] and [Cloud.GrantProject] let them in, at once
// or, as at Google, in the time of [Cloud.SetPropagation]; [Cloud.AddWorkspaceUser] and
// [Cloud.DelegateDomain] make a Workspace with domain-wide delegation;
// [Cloud.EnableOutboundIdentity] makes the AWS account an OpenID Connect issuer;
// [Cloud.RequireClient] demands that clients of STS authenticate themselves; [Cloud.Check] says
// whose an access token is, and [Access.MayUse] what a downscoped one is good for.
//
// # Without a network, or with one
//
// [Cloud.Client] is an HTTP client whose network the cloud is. It reaches the services by their
// real names, opens no socket and lets nothing out; and since the only clock is time.Now, all of it
// works in a testing/synctest bubble, where a day of refreshes takes milliseconds. A bubble must
// not end while a request is open, or synctest panics, and a refresh goes on after its caller has
// left: such a test ends with [Cloud.Wait]. [Cloud.Start] serves the same cloud on a port of
// loopback, with [Server.Env] and [Server.CredentialFile] for unmodified clients in any language;
// awsfed/emulator of this repository is a program around it. [Cloud.Requests] says what was asked
// either way, and by the [Judgement] of each request why it was refused, or what allowed it.
//
// # When things go wrong
//
// [Cloud.Inject] makes an endpoint slow, silent, broken or unwilling for some requests or some
// time; [Cloud.SetClock] moves the clouds' clock away from the machine's; and [Faults] is a
// catalogue of the misconfigurations and outages that happen in the field, each with the answer
// that it leads to:
//
//	fault, _ := awsfedtest.FaultByName("missing-binding")
//	undo := fault.Inject(cloud)
//
// # What may change
//
// The names of this package are as stable as those of awsfed. What is invented is not: texts that
// begin with "emulator:", and the status, code and reason of faults that are not Verified, are
// guesses at what nobody outside of Google and AWS knows. They change in any release in which more
// is known, and no promise of compatibility covers them.
package awsfedtest
