"""Artifacts in S3 and in what speaks like it, through MinIO's client, as Argo does it."""

import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ruleengine.model.values import Object, lookup
from ruleengine.services.artifacts.objects import ObjectStore, library
from ruleengine.services.artifacts.store import Access, ArtifactError

_USUAL: Final = "s3.amazonaws.com"
_STS: Final = "https://sts.amazonaws.com"
_MISSING: Final = ("NoSuchKey", "NoSuchObject")
_SESSION: Final = "ruleengine"
_SECONDS: Final = 60.0


class S3Store(ObjectStore):
    """One bucket."""

    def __init__(self, body: Object, access: Access) -> None:
        self._minio = library("minio", "s3")
        self._bucket = str(body["bucket"])
        self._body = body
        self._client = _client(self._minio, body, access)
        self._encryption = _encryption(body, access)

    @contextmanager
    def _speaking(self, what: str) -> Iterator[None]:
        from urllib3.exceptions import HTTPError

        try:
            yield
        except (self._minio.error.MinioException, HTTPError, OSError, ValueError) as error:
            said = getattr(error, "message", None) or error
            raise ArtifactError(f"cannot {what} in the bucket {self._bucket}: {said}") from error

    def _get(self, key: str, target: Path) -> bool:
        customer = self._encryption if _is_customers(self._encryption) else None
        try:
            self._client.fget_object(self._bucket, key, str(target), ssec=customer)
        except self._minio.error.S3Error as error:
            if error.code in _MISSING:
                return False
            raise
        return True

    def _put(self, source: Path, key: str) -> None:
        self._provide_bucket()
        self._client.fput_object(self._bucket, key, str(source), sse=self._encryption)

    def _keys(self, prefix: str) -> Iterator[str]:
        found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
        return (str(one.object_name) for one in found)

    def _remove(self, key: str) -> None:
        self._client.remove_object(self._bucket, key)

    def _provide_bucket(self) -> None:
        options = self._body.get("createBucketIfNotPresent")
        if options is None or self._client.bucket_exists(self._bucket):
            return
        region, locking = self._body.get("region"), bool(options.get("objectLocking"))
        self._client.make_bucket(self._bucket, location=region, object_lock=locking)


def _client(minio: Any, body: Object, access: Access) -> Any:
    client = minio.Minio(
        str(body.get("endpoint") or _USUAL),
        secure=not body.get("insecure"),
        region=body.get("region") or None,
        credentials=_credentials(minio, body, access),
        http_client=_pool(body, access),
    )
    match body.get("addressingStyle"):
        case "virtual-hosted":
            client.enable_virtual_style_endpoint()
        case "path":
            client.disable_virtual_style_endpoint()
    return client


def _pool(body: Object, access: Access) -> Any:
    """Return connections that trust the authority of the location, or those of the system."""
    import urllib3

    context = ssl.create_default_context()
    authority = access.secret(body["caSecret"]) if body.get("caSecret") else None
    if authority is not None:
        context.load_verify_locations(cadata=authority.reveal())
    retries = urllib3.Retry(total=5, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504))
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=_SECONDS, read=_SECONDS),
        retries=retries,
        ssl_context=context,
    )


def _credentials(minio: Any, body: Object, access: Access) -> Any:
    """Return who proves who we are: keys of Secrets, or what the surroundings give.

    Without either it is nobody, for buckets that are open to everybody.
    """
    providers = minio.credentials
    texts = [
        secret.reveal() if (secret := access.secret(body[name])) is not None else None
        for name in ("accessKeySecret", "secretKeySecret", "sessionTokenSecret")
        if body.get(name)
    ]
    role = body.get("roleARN")
    if role and len(texts) >= 2:
        region = body.get("region") or None
        sts = os.environ.get("AWS_ENDPOINT_URL_STS") or _STS
        return providers.AssumeRoleProvider(
            sts_endpoint=sts,
            access_key=texts[0],
            secret_key=texts[1],
            region=region,
            role_arn=str(role),
            role_session_name=_SESSION,
        )
    if len(texts) >= 2:
        return providers.StaticProvider(*texts)
    if body.get("useSDKCreds") or role:
        known = (
            providers.EnvAWSProvider(),
            providers.AWSConfigProvider(),
            providers.IamAwsProvider(),
        )
        return providers.ChainedProvider(list(known))
    return None


def _encryption(body: Object, access: Access) -> Any:
    options = body.get("encryptionOptions") or {}
    if not options.get("enableEncryption"):
        return None
    sse = library("minio.sse", "s3")
    if options.get("serverSideCustomerKeySecret"):
        secret = access.secret(options["serverSideCustomerKeySecret"])
        return sse.SseCustomerKey((secret.reveal() if secret else "").encode())
    if options.get("kmsKeyId"):
        context = json.loads(lookup(options, "kmsEncryptionContext") or "{}")
        return sse.SseKMS(str(options["kmsKeyId"]), context)
    return sse.SseS3()


def _is_customers(encryption: Any) -> bool:
    return type(encryption).__name__ == "SseCustomerKey"
