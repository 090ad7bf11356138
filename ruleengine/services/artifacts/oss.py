"""Artifacts in Alibaba Cloud's Object Storage Service."""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ruleengine.model.digests import short_digest
from ruleengine.model.values import Object
from ruleengine.services.artifacts.objects import ObjectStore, library
from ruleengine.services.artifacts.store import Access, ArtifactError

_REGION: Final = re.compile(r"oss-([a-z0-9-]+?)(?:-internal)?\.")
_MISSING: Final = ("NoSuchKey",)
_NO_BUCKET: Final = ("NoSuchBucket",)
_NO_RULES: Final = ("NoSuchLifecycle",)


class OssStore(ObjectStore):
    """One bucket. A ``lifecycleRule`` is set for what is kept, beside those that are there."""

    def __init__(self, body: Object, access: Access) -> None:
        self._oss = library("alibabacloud_oss_v2", "oss")
        self._errors = library("alibabacloud_oss_v2.exceptions", "oss")
        self._bucket = str(body["bucket"])
        self._creates = bool(body.get("createBucketIfNotPresent"))
        self._rule: Object = body.get("lifecycleRule") or {}
        self._client = self._oss.Client(_settings(self._oss, body, access))

    @contextmanager
    def _speaking(self, what: str) -> Iterator[None]:
        try:
            yield
        except (self._errors.BaseError, OSError, ValueError) as error:
            told = self._service_error(error)
            said = f"{told.code}: {told.message}" if told is not None else error
            raise ArtifactError(f"cannot {what} in the bucket {self._bucket}: {said}") from error

    def _service_error(self, error: Exception) -> Any:
        """Return what the service answered, if that is what went wrong."""
        inner = error.unwrap() if hasattr(error, "unwrap") else error
        return inner if isinstance(inner, self._errors.ServiceError) else None

    def _has_code(self, error: Exception, codes: tuple[str, ...]) -> bool:
        told = self._service_error(error)
        return told is not None and told.code in codes

    def _get(self, key: str, target: Path) -> bool:
        request = self._oss.GetObjectRequest(self._bucket, key)
        try:
            self._client.get_object_to_file(request, str(target))
        except self._errors.BaseError as error:
            target.unlink(missing_ok=True)
            if self._has_code(error, _MISSING):
                return False
            raise
        return True

    def _put(self, source: Path, key: str) -> None:
        request = self._oss.PutObjectRequest(self._bucket, key)
        try:
            self._client.put_object_from_file(request, str(source))
        except self._errors.BaseError as error:
            if not self._creates or not self._has_code(error, _NO_BUCKET):
                raise
            self._client.put_bucket(self._oss.PutBucketRequest(self._bucket))
            self._client.put_object_from_file(request, str(source))
        self._set_rule(key)

    def _set_rule(self, key: str) -> None:
        """Say when what is kept under a key is moved to rarer access, and when it is deleted."""
        rare = int(self._rule.get("markInfrequentAccessAfterDays") or 0)
        last = int(self._rule.get("markDeletionAfterDays") or 0)
        if not rare and not last:
            return
        if last and rare >= last:
            raise ValueError(f"it would be deleted after {last} days, and moved after {rare}")
        oss, name = self._oss, f"ruleengine-{short_digest(key)}"
        moved = [oss.LifecycleRuleTransition(days=rare, storage_class="IA")] if rare else None
        rule = oss.LifecycleRule(
            id=name,
            prefix=key,
            status="Enabled",
            expiration=oss.LifecycleRuleExpiration(days=last) if last else None,
            transitions=moved,
        )
        others = [one for one in self._rules() if one.id != name]
        whole = oss.LifecycleConfiguration(rules=[*others, rule])
        self._client.put_bucket_lifecycle(
            oss.PutBucketLifecycleRequest(self._bucket, lifecycle_configuration=whole)
        )

    def _rules(self) -> list[Any]:
        try:
            found = self._client.get_bucket_lifecycle(
                self._oss.GetBucketLifecycleRequest(self._bucket)
            )
        except self._errors.BaseError as error:
            if self._has_code(error, _NO_RULES):
                return []
            raise
        return list(found.lifecycle_configuration.rules or ())

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._client.list_objects_v2_paginator()
        request = self._oss.ListObjectsV2Request(self._bucket, prefix=prefix)
        for page in pages.iter_page(request):
            yield from (str(one.key) for one in page.contents or ())

    def _remove(self, key: str) -> None:
        self._client.delete_object(self._oss.DeleteObjectRequest(self._bucket, key))


def _settings(oss: Any, body: Object, access: Access) -> Any:
    settings = oss.config.load_default()
    endpoint = str(body.get("endpoint") or "")
    settings.endpoint = endpoint
    region = _REGION.search(endpoint)
    settings.region = region[1] if region else "cn-hangzhou"
    settings.use_path_style = _is_address(endpoint)
    settings.credentials_provider = _credentials(oss, body, access)
    return settings


def _is_address(endpoint: str) -> bool:
    """Tell whether an endpoint is an address, before which no bucket can be written."""
    host = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}").hostname
    try:
        ipaddress.ip_address(host or "")
    except ValueError:
        return False
    return True


def _credentials(oss: Any, body: Object, access: Access) -> Any:
    if body.get("useSDKCreds"):
        return oss.credentials.EnvironmentVariableCredentialsProvider()
    texts = []
    for name in ("accessKeySecret", "secretKeySecret"):
        secret = access.secret(body[name]) if body.get(name) else None
        texts.append(secret.reveal() if secret else "")
    if not any(texts):
        return oss.credentials.AnonymousCredentialsProvider()
    token = str(body.get("securityToken") or "") or None
    return oss.credentials.StaticCredentialsProvider(*texts, token)
