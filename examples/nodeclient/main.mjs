// Lists buckets with google-auth-library as a program on AWS does: the credential
// file and the AWS keys come from the environment, and nothing here knows of an
// emulator but the address of storage.
import { GoogleAuth } from 'google-auth-library';

const auth = new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/cloud-platform'] });
const { data } = await auth.request({
  url: `${process.env.STORAGE_URL}/storage/v1/b?project=${process.env.GOOGLE_CLOUD_PROJECT}`,
});
for (const bucket of data.items) {
  console.log(bucket.name);
}
