// Prints who AWS STS says we are. The credentials come from wherever the SDK's chain
// finds them, and the endpoints from the environment.
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';

const client = new STSClient({ credentials: fromNodeProviderChain() });
const { Arn } = await client.send(new GetCallerIdentityCommand({}));
process.stdout.write(JSON.stringify({ arn: Arn }));
