"""Lists buckets, as a program does that knows nothing of awsfed."""

from google.cloud import storage

for bucket in storage.Client().list_buckets():
    print(bucket.name)
