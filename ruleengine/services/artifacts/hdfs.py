"""Artifacts in HDFS, over its own protocol."""

import os
import posixpath
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ruleengine.model.values import Object
from ruleengine.services.artifacts.objects import ObjectStore, library
from ruleengine.services.artifacts.store import Access, ArtifactError

_NAMES: Final = "artifacts"
_BLOCK: Final = 1 << 20
_KERBEROS: Final = ("krbCCacheSecret", "krbKeytabSecret")


class HdfsStore(ObjectStore):
    """One cluster, by the addresses of its name nodes; keys are absolute paths."""

    def __init__(self, body: Object, access: Access) -> None:
        del access
        if any(body.get(name) for name in _KERBEROS):
            raise ArtifactError("artifacts in HDFS with Kerberos are not honoured")
        hdfs = library("hdfs_native", "hdfs")
        self._options: Any = hdfs.WriteOptions(overwrite=bool(body.get("force")))
        with self._speaking("begin"):
            if body.get("hdfsUser"):
                os.environ["HADOOP_USER_NAME"] = str(body["hdfsUser"])  # it takes no argument
            self._client = hdfs.Client(f"hdfs://{_NAMES}", _settings(body))

    @contextmanager
    def _speaking(self, what: str) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, OSError, ValueError) as error:
            raise ArtifactError(f"cannot {what} in HDFS: {error}") from error

    def _get(self, key: str, target: Path) -> bool:
        try:
            if self._client.get_file_info(key).isdir:
                return False
        except FileNotFoundError:
            return False
        with self._client.read(key) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, _BLOCK)
        return True

    def _put(self, source: Path, key: str) -> None:
        self._client.mkdirs(posixpath.dirname(key))
        with source.open("rb") as file, self._client.create(key, self._options) as target:
            while block := file.read(_BLOCK):
                target.write(block)

    def _keys(self, prefix: str) -> Iterator[str]:
        top = prefix if prefix.endswith("/") else posixpath.dirname(prefix)
        try:
            for one in self._client.list_status(top or "/", recursive=True):
                if not one.isdir and str(one.path).startswith(prefix):
                    yield str(one.path)
        except FileNotFoundError:
            return

    def _remove(self, key: str) -> None:
        self._client.delete(key, False)


def _settings(body: Object) -> dict[str, str]:
    """Return the settings of a client of several name nodes of which one is active."""
    addresses = [str(one) for one in body.get("addresses") or ()]
    names = [f"n{number}" for number in range(len(addresses))]
    nodes = {
        f"dfs.namenode.rpc-address.{_NAMES}.{name}": address
        for name, address in zip(names, addresses, strict=True)
    }
    protection = str(body.get("dataTransferProtection") or "")
    more = {"dfs.data.transfer.protection": protection} if protection else {}
    return {f"dfs.ha.namenodes.{_NAMES}": ",".join(names), **nodes, **more}
