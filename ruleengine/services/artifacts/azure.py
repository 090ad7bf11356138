"""Artifacts in Azure Blob Storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruleengine.model.values import Object
from ruleengine.services.artifacts.objects import ObjectStore, library
from ruleengine.services.artifacts.store import Access, ArtifactError


class AzureStore(ObjectStore):
    """One container: by the key of the account, or as the surroundings say who we are."""

    def __init__(self, body: Object, access: Access) -> None:
        blob = library("azure.storage.blob", "azure")
        self._errors = library("azure.core.exceptions", "azure")
        credential = None
        if body.get("useSDKCreds"):
            credential = library("azure.identity", "azure").DefaultAzureCredential()
        elif body.get("accountKeySecret"):
            secret = access.secret(body["accountKeySecret"])
            credential = secret.reveal() if secret else None
        with self._speaking("begin"):
            self._container = blob.ContainerClient(
                account_url=str(body.get("endpoint") or ""),
                container_name=str(body["container"]),
                credential=credential,
            )

    @contextmanager
    def _speaking(self, what: str) -> Iterator[None]:
        try:
            yield
        except (self._errors.AzureError, OSError, ValueError) as error:
            said = str(getattr(error, "message", None) or error).partition("\n")[0]
            raise ArtifactError(f"cannot {what} in the container: {said}") from error

    def _get(self, key: str, target: Path) -> bool:
        try:
            found = self._container.download_blob(key)
        except self._errors.ResourceNotFoundError as error:
            if "ContainerNotFound" in str(getattr(error, "error_code", "")):
                raise
            return False
        with target.open("wb") as file:
            found.readinto(file)
        return True

    def _put(self, source: Path, key: str) -> None:
        with source.open("rb") as file:
            self._container.upload_blob(key, file, overwrite=True)

    def _keys(self, prefix: str) -> Iterator[str]:
        return (str(one.name) for one in self._container.list_blobs(name_starts_with=prefix))

    def _remove(self, key: str) -> None:
        try:
            self._container.delete_blob(key)
        except self._errors.ResourceNotFoundError:
            return
