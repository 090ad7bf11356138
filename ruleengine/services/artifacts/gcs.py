"""Artifacts in Google Cloud Storage."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruleengine.model.values import Object
from ruleengine.services.artifacts.objects import ObjectStore, library
from ruleengine.services.artifacts.store import Access, ArtifactError


class GcsStore(ObjectStore):
    """One bucket. Without a key of a service account the surroundings say who we are."""

    def __init__(self, body: Object, access: Access) -> None:
        storage = library("google.cloud.storage", "gcs")
        self._errors = library("google.api_core.exceptions", "gcs")
        self._auth = library("google.auth.exceptions", "gcs")
        selector = body.get("serviceAccountKeySecret")
        key = access.secret(selector) if selector else None
        with self._speaking("begin"):
            if key is None:
                client = storage.Client()
            else:
                client = storage.Client.from_service_account_info(json.loads(key.reveal()))
            self._bucket = client.bucket(str(body["bucket"]))

    @contextmanager
    def _speaking(self, what: str) -> Iterator[None]:
        try:
            yield
        except json.JSONDecodeError as error:
            raise ArtifactError("the key of the service account is no JSON") from error
        except (
            self._errors.GoogleAPIError,
            self._auth.GoogleAuthError,
            OSError,
            ValueError,
        ) as error:
            raise ArtifactError(f"cannot {what} in Cloud Storage: {error}") from error

    def _get(self, key: str, target: Path) -> bool:
        try:
            self._bucket.blob(key).download_to_filename(str(target))
        except self._errors.NotFound:
            target.unlink(missing_ok=True)
            return False
        return True

    def _put(self, source: Path, key: str) -> None:
        self._bucket.blob(key).upload_from_filename(str(source))

    def _keys(self, prefix: str) -> Iterator[str]:
        return (str(one.name) for one in self._bucket.list_blobs(prefix=prefix))

    def _remove(self, key: str) -> None:
        try:
            self._bucket.blob(key).delete()
        except self._errors.NotFound:
            return
