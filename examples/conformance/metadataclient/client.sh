# Asks the metadata server as a script does, by curl, and prints the access token, the ID token and
# the list of buckets, each on a line. Usage: client.sh AUDIENCE
set -eu
account=http://$GCE_METADATA_HOST/computeMetadata/v1/instance/service-accounts/default
ask() { curl --silent --show-error --fail -H 'Metadata-Flavor: Google' "$@"; }
token=$(ask "$account/token" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
echo "$token"
ask --get --data-urlencode "audience=$1" "$account/identity"
echo
project=$(ask "http://$GCE_METADATA_HOST/computeMetadata/v1/project/project-id")
curl --silent --show-error --fail -H "Authorization: Bearer $token" \
  "https://storage.googleapis.com/storage/v1/b?project=$project" | tr -s '[:space:]' ' '
