"""Stores of artifacts, each against a server of its kind, which is a process of its own."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ruleengine.local import material
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object
from ruleengine.services.artifacts.opening import open_store
from ruleengine.services.artifacts.s3 import S3Store
from ruleengine.services.artifacts.store import (
    ArtifactError,
    ArtifactMissingError,
    ArtifactStore,
)
from tests.services.oss_server import OssServer, oss_server
from tests.services.servers import AZURE_KEY, azure_server, gcs_server, s3_server, tree


class Keys:
    """Answers with a text for each key; one that is not known is missing."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts

    def secret(self, selector: Object) -> Secret | None:
        """Return the text of a key."""
        text = self.texts.get(str(selector["key"]))
        if text is None and not selector.get("optional"):
            raise ArtifactError(f"no key {selector['key']}")
        return None if text is None else Secret(text)

    def folder(self, claim: str) -> Path:
        """No claim is mounted."""
        raise ArtifactError(claim)


def selector(key: str) -> Object:
    """Return the selector of a key."""
    return {"name": "s", "key": key}


KEYS = Keys(
    user="me", word="hunter22", azure=AZURE_KEY, bad=AZURE_KEY.replace("Eby", "abc"), own="o" * 32
)


@contextmanager
def _s3(folder: Path) -> Iterator[Object]:
    with s3_server(folder) as endpoint:
        yield {
            "s3": {
                "endpoint": endpoint,
                "insecure": True,
                "bucket": "artifacts",
                "region": "eu-central-1",
                "accessKeySecret": selector("user"),
                "secretKeySecret": selector("word"),
                "createBucketIfNotPresent": {"objectLocking": False},
            }
        }


@contextmanager
def _oss(folder: Path) -> Iterator[Object]:
    del folder
    with oss_server() as server:
        yield {
            "oss": {
                "endpoint": server.endpoint,
                "bucket": "artifacts",
                "accessKeySecret": selector("user"),
                "secretKeySecret": selector("word"),
                "createBucketIfNotPresent": True,
            }
        }


@contextmanager
def _azure(folder: Path) -> Iterator[Object]:
    with azure_server(folder) as endpoint:
        from azure.storage.blob import ContainerClient

        with ContainerClient(endpoint, "artifacts", credential=AZURE_KEY) as container:
            container.create_container()
        yield {
            "azure": {
                "endpoint": endpoint,
                "container": "artifacts",
                "accountKeySecret": selector("azure"),
            }
        }


@contextmanager
def _gcs(folder: Path) -> Iterator[Object]:
    with gcs_server(folder) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", address)
        yield {"gcs": {"bucket": "artifacts"}}


KINDS: dict[str, Callable[[Path], AbstractContextManager[Object]]] = {
    "s3": _s3,
    "oss": _oss,
    "azure": _azure,
    "gcs": _gcs,
}


@pytest.fixture(scope="module", params=KINDS)
def location(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Object]:
    """Return a location in a server of each kind, without a key."""
    with KINDS[request.param](tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture
def store(location: Object) -> ArtifactStore:
    """Return the store of the location."""
    return open_store(location, KEYS)[0]


def test_a_file_comes_back_as_it_was(store: ArtifactStore, tmp_path: Path) -> None:
    """And is replaced as a whole; keys have folders and characters of all kinds."""
    for text in ("one", "another, and longer", ""):
        (tmp_path / "file").write_text(text)
        store.save(tmp_path / "file", "a folder/ä+b&c.txt")
        store.load("a folder/ä+b&c.txt", tmp_path / "back")
        assert (tmp_path / "back").read_text() == text
        (tmp_path / "back").unlink()


def test_a_tree_comes_back_as_it_was(store: ArtifactStore, tmp_path: Path) -> None:
    """One object a file; what has a similar name is none of it."""
    store.save(tree(tmp_path / "t", x="x", d__e__y="y"), "tree")
    store.save(tmp_path / "t" / "x", "tree-other")
    assert list(store.list("tree")) == ["tree-other", "tree/d/e/y", "tree/x"]
    assert list(store.list("tree/d")) == ["tree/d/e/y"]
    store.load("tree", tmp_path / "back")
    files = {
        one.relative_to(tmp_path / "back").as_posix(): one.read_text()
        for one in (tmp_path / "back").rglob("*")
        if one.is_file()
    }
    assert files == {"x": "x", "d/e/y": "y"}


def test_what_is_deleted_is_gone_and_may_be_deleted_again(
    store: ArtifactStore, tmp_path: Path
) -> None:
    """A tree as a whole, and nothing beside it."""
    store.save(tree(tmp_path / "t", x="x", d__y="y"), "gone/tree")
    store.save(tmp_path / "t" / "x", "gone/tree-other")
    for _ in range(2):
        store.delete("gone/tree")
    assert list(store.list("gone/")) == ["gone/tree-other"]


def test_what_is_not_there_is_told(store: ArtifactStore, tmp_path: Path) -> None:
    """As an error of its own, and no file is left."""
    (tmp_path / "there").write_text("x")
    store.save(tmp_path / "there", "there")  # the place is made with the first
    with pytest.raises(ArtifactMissingError, match="no artifact under 'none'"):
        store.load("none", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_place_that_does_not_exist_is_told(location: Object, tmp_path: Path) -> None:
    """It is no missing artifact."""
    ((kind, body),) = location.items()
    place = "container" if kind == "azure" else "bucket"
    other = {key: value for key, value in body.items() if not key.startswith("create")}
    store, _ = open_store({kind: {**other, place: "nowhere"}}, KEYS)
    with pytest.raises(ArtifactError) as caught:
        store.load("x", tmp_path / "x")
    if kind != "gcs":
        assert not isinstance(caught.value, ArtifactMissingError)


def test_a_key_of_a_secret_that_is_missing_is_told(location: Object) -> None:
    """Before anything is asked of the store."""
    ((kind, body),) = location.items()
    stated = {
        name: selector("none") if name.endswith("Secret") else value for name, value in body.items()
    }
    if stated == body:
        stated["serviceAccountKeySecret"] = selector("none")
    with pytest.raises(ArtifactError, match="no key none"):
        open_store({kind: stated}, KEYS)


BODY = {"endpoint": "http://127.0.0.1:1", "bucket": "bucket", "container": "c"}
WORDS = [("s3", "key"), ("oss", "key"), ("azure", "blob"), ("http", "url"), ("artifactory", "url")]


@pytest.mark.parametrize(("kind", "word"), WORDS)
def test_a_key_of_an_artifact_is_that_of_its_location(kind: str, word: str) -> None:
    """Each kind has its own word for it."""
    body = {**BODY, "endpoint": "h"} if kind == "s3" else BODY
    assert open_store({kind: {**body, word: "k"}}, KEYS)[1] == "k"


def test_a_refused_key_is_told_without_it(tmp_path: Path) -> None:
    """By Azure's server, which looks."""
    with _azure(tmp_path) as location:
        body = {**location["azure"], "accountKeySecret": selector("bad")}
        store, _ = open_store({"azure": body}, KEYS)
        (tmp_path / "x").touch()
        with pytest.raises(ArtifactError, match="cannot keep 'x'") as caught:
            store.save(tmp_path / "x", "x")
    assert KEYS.texts["bad"] not in str(caught.value)


def test_objects_are_encrypted_where_the_location_says_so(tmp_path: Path) -> None:
    """By the server's keys, its key service, or a key of one's own."""
    (tmp_path / "x").write_text("x")
    with _s3(tmp_path) as location:

        def encrypted(**options: Any) -> S3Store:
            stated = {"enableEncryption": True, **options}
            store = open_store({"s3": {**location["s3"], "encryptionOptions": stated}}, KEYS)[0]
            assert isinstance(store, S3Store)
            return store

        service = {"kmsKeyId": "k", "kmsEncryptionContext": '{"a": "b"}'}
        for options, expected in (({}, "AES256"), (service, "aws:kms")):
            store = encrypted(**options)
            store.save(tmp_path / "x", "x")
            found = store._client.stat_object("artifacts", "x")
            assert found.metadata["x-amz-server-side-encryption"] == expected
        own = encrypted(serverSideCustomerKeySecret=selector("own"))
        own.save(tmp_path / "x", "own")
        own.load("own", tmp_path / "back")
        assert (tmp_path / "back").read_text() == "x"


def s3(**stated: Any) -> S3Store:
    """Return a store in S3 that nobody talks to."""
    body = {"bucket": "artifacts", "region": "eu-central-1", **stated}
    store = open_store({"s3": body}, KEYS)[0]
    assert isinstance(store, S3Store)
    return store


STATIC = {"accessKeySecret": selector("user"), "secretKeySecret": selector("word")}


@pytest.mark.parametrize(
    ("endpoint", "style", "expected"),
    [
        ("s3.amazonaws.com", "", "artifacts.s3."),
        ("store.example.org", "", "store.example.org/artifacts/"),
        ("store.example.org", "path", "store.example.org/artifacts/"),
        ("store.example.org", "virtual-hosted", "artifacts.store.example.org/"),
    ],
)
def test_buckets_stand_in_hosts_or_in_paths(endpoint: str, style: str, expected: str) -> None:
    """As the location says; else in hosts for Amazon's own."""
    store = s3(endpoint=endpoint, addressingStyle=style, **STATIC)
    assert f"//{expected}" in store._client.presigned_get_object("artifacts", "key")


def test_an_authority_of_ones_own_is_trusted_where_it_is_named(tmp_path: Path) -> None:
    """And only there."""
    (tmp_path / "tls").mkdir()
    made = material.prepare(tmp_path / "tls")
    (tmp_path / "x").write_text("x")
    options = ("-c", str(made.certificate), "-k", str(made.key))
    with s3_server(tmp_path, *options) as endpoint:
        body = {
            "bucket": "artifacts",
            "endpoint": endpoint,
            "createBucketIfNotPresent": {},
            **STATIC,
        }
        keys = Keys(**KEYS.texts, ca=made.authority.read_text())
        open_store({"s3": {**body, "caSecret": selector("ca")}}, keys)[0].save(tmp_path / "x", "x")
        with pytest.raises(ArtifactError, match="CERTIFICATE_VERIFY_FAILED"):
            open_store({"s3": body}, keys)[0].load("x", tmp_path / "y")


def test_a_session_of_s3_is_told_by_its_token() -> None:
    """Beside the keys."""
    found = s3(sessionTokenSecret=selector("own"), **STATIC)._client._provider.retrieve()
    assert (found.access_key, found.secret_key) == ("me", "hunter22")
    assert found.session_token == "o" * 32


def test_the_surroundings_say_who_we_are_where_that_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where neither is stated we are nobody."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "surrounding")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert s3(useSDKCreds=True)._client._provider.retrieve().access_key == "surrounding"
    assert s3()._client._provider is None


def test_a_role_is_taken_on_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By asking the service that gives out sessions."""
    with s3_server(tmp_path) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://{endpoint}")
        role = "arn:aws:iam::123456789012:role/builder"
        found = s3(roleARN=role, **STATIC)._client._provider.retrieve()
    assert found.access_key != "me"
    assert found.session_token


def oss(server: OssServer, **more: Any) -> ArtifactStore:
    """Return a store in a bucket of a server."""
    keys = {"accessKeySecret": selector("user"), "secretKeySecret": selector("word")}
    body = {"endpoint": server.endpoint, "bucket": "kept", "createBucketIfNotPresent": True}
    return open_store({"oss": {**body, **keys, **more}}, KEYS)[0]


def test_a_token_of_a_session_is_shown_to_oss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the location, or that of the surroundings where these say who we are."""
    file = tmp_path / "file"
    file.write_text("x")
    with oss_server() as server:
        oss(server).save(file, "k")
        oss(server, securityToken="mine").save(file, "k")
        for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SESSION_TOKEN"):
            monkeypatch.setenv(f"OSS_{name}", "surrounding")
        oss(server, useSDKCreds=True).save(file, "k")
    assert list(dict.fromkeys(server.tokens)) == ["", "mine", "surrounding"]


def test_oss_is_told_when_what_is_kept_is_moved_and_deleted(tmp_path: Path) -> None:
    """Once for each key, beside the rules that others made."""
    file = tmp_path / "file"
    file.write_text("x")
    days = {"markInfrequentAccessAfterDays": 10, "markDeletionAfterDays": 30}
    with oss_server() as server:
        oss(server).save(file, "before")
        assert server.rules == {}
        store = oss(server, lifecycleRule=days)
        for key in ("one", "two", "one"):
            store.save(file, key)
        rules = server.rules["kept"].decode()
        wrong = oss(server, lifecycleRule={**days, "markDeletionAfterDays": 10})
        with pytest.raises(ArtifactError, match="deleted after 10 days, and moved after 10"):
            wrong.save(file, "three")
    assert [rules.count(f"<Prefix>{key}</Prefix>") for key in ("one", "two")] == [1, 1]
    assert rules.count("<Days>30</Days>") == 2
    assert rules.count("<Days>10</Days><StorageClass>IA</StorageClass>") == 2


def test_azure_is_asked_with_a_token_where_the_surroundings_say_who_we_are() -> None:
    """Its library sends none without TLS, and says so."""
    location = {"endpoint": "http://127.0.0.1:1/account", "container": "c", "useSDKCreds": True}
    with pytest.raises(ArtifactError, match="Token credential is only supported with HTTPS"):
        open_store({"azure": location}, KEYS)


def test_a_library_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that people know what to install."""
    for kind, module in (("s3", "minio"), ("gcs", "google.cloud.storage"), ("hdfs", "hdfs_native")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ArtifactError, match=rf"pip install 'ruleengine\[{kind}\]'"):
            open_store({kind: {"bucket": "artifacts", "addresses": ["a"]}}, KEYS)


def test_what_is_no_store_is_told() -> None:
    """An artifact without a location, for one."""
    with pytest.raises(ArtifactError, match="no store of artifacts for nothing"):
        open_store({}, KEYS)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ({"s3": {"key": "x"}}, "the location in s3 states no bucket"),
        ({"azure": {"blob": "x"}}, "the location in azure states no container"),
        ({"s3": {"bucket": "b", "endpoint": "http://minio:9000/x"}}, "path in endpoint"),
    ],
)
def test_a_location_that_cannot_be_is_told(location: Object, message: str) -> None:
    """What is left out, and what its library does not take."""
    with pytest.raises(ArtifactError, match=message):
        open_store(location, KEYS)
