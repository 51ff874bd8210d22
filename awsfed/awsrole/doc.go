// Package awsrole gives services on Google Cloud their AWS credentials without a key: a Google
// service account assumes a role of AWS with its ID token.
//
//	tokens, err := awsrole.NewMetadataTokenSource("https://aws.example")
//	credentials, err := awsrole.NewCredentials(tokens, awsrole.Options{
//		RoleARN: "arn:aws:iam::123456789012:role/from-google",
//	})
//	client := s3.NewFromConfig(aws.Config{Region: "eu-west-1", Credentials: credentials})
//
// It is the other direction of package awsfed, by which AWS identities call Google Cloud. A program
// that runs on neither cloud can have both: [awsfed.NewIDTokenSource] makes ID tokens of a service
// account out of any identity that awsfed knows.
//
// # Where the ID token comes from
//
// On Google Cloud it is the metadata server that has it: [NewMetadataTokenSource] on Compute
// Engine, GKE, Cloud Run, Cloud Run functions and App Engine. Elsewhere any [oauth2.TokenSource]
// will do whose tokens have an ID token for their AccessToken, as those of
// [awsfed.NewIDTokenSource] and, by convention, of google.golang.org/api/idtoken have.
//
// The audience is of your choice. Take one that names the AWS side, an audience that no other
// service accepts: whoever gets the token of another service could assume the role with it
// otherwise.
//
// # What the role has to trust
//
// AWS knows accounts.google.com by itself. The account needs no IAM identity provider for it, only
// this trust policy of the role:
//
//	{
//	  "Version": "2012-10-17",
//	  "Statement": [{
//	    "Effect": "Allow",
//	    "Principal": {"Federated": "accounts.google.com"},
//	    "Action": "sts:AssumeRoleWithWebIdentity",
//	    "Condition": {"StringEquals": {
//	      "accounts.google.com:sub": "UNIQUE_ID",
//	      "accounts.google.com:aud": "UNIQUE_ID",
//	      "accounts.google.com:oaud": "https://aws.example"
//	    }}
//	  }]
//	}
//
// UNIQUE_ID is the number of the service account, which no later account of the same name has:
//
//	gcloud iam service-accounts describe EMAIL --format='value(uniqueId)'
//
// The names of the conditions mislead:
//
//   - accounts.google.com:sub is the sub of the token, the unique ID. It is the condition that
//     counts: without it anybody with a Google account could assume the role.
//   - accounts.google.com:aud is the azp of the token, the unique ID again, and not its aud. Only a
//     token without azp has its aud compared.
//   - accounts.google.com:oaud is the aud of the token, the audience that it was asked for.
//
// # Errors
//
// An error that AWS or the metadata server gave is an [*awsfed.Error], whose stage is
// [StageAssumeRole] or [StageIDToken]. Its hint says which conditions the token at hand would match
// where the role does not trust it. No text of an error holds a token or a key.
package awsrole
