"""Lists buckets, as a function does that knows nothing of awsfed."""

from google.cloud import storage

client = storage.Client()  # once for all invocations of this instance


def handler(event, context):
    return [bucket.name for bucket in client.list_buckets()]
