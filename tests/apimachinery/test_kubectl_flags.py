"""Flags of kubectl, as a request to an API server."""

from typing import Any

import pytest

from ruleengine.apimachinery.kubectl_flags import FlagError, Flags, read_flags

DELETED = {"ignores_absent": True}


@pytest.mark.parametrize(
    ("action", "flags", "expected"),
    [
        ("create", [], {}),
        ("create", ["-n", "other"], {"namespace": "other"}),
        ("create", ["-nother"], {"namespace": "other"}),
        ("create", ["-no"], {"namespace": "o"}),
        ("create", ["-n=other"], {"namespace": "other"}),
        ("create", ["--namespace", "other"], {"namespace": "other"}),
        ("create", ["--namespace=other"], {"namespace": "other"}),
        ("create", ["--validate=false"], {"validation": "Ignore"}),
        ("create", ["--validate=ignore"], {"validation": "Ignore"}),
        ("replace", ["--validate=warn"], {"validation": "Warn"}),
        ("apply", ["--validate"], {"validation": "Strict"}),
        ("apply", ["--validate=true"], {"validation": "Strict"}),
        ("create", ["--dry-run=server"], {"dry_run": "All"}),
        ("create", ["--dry-run=none"], {}),
        ("create", ["--field-manager=me"], {"manager": "me"}),
        ("create", ["-o", "yaml", "--show-managed-fields"], {}),
        ("apply", ["--server-side"], {"forces": False}),
        ("apply", ["--server-side", "--force-conflicts"], {}),
        ("apply", ["--server-side=false"], {}),
        ("apply", ["--subresource=status"], {"subresource": "status"}),
        ("get", ["--ignore-not-found"], {"ignores_absent": True}),
        ("patch", ["--type=json", "pod", "a"], {"strategy": "json", "objects": (("pod", "a"),)}),
        ("patch", ["--type", "merge"], {"strategy": "merge"}),
        ("delete", [], DELETED),
        ("delete", ["--ignore-not-found=false"], {}),
        ("delete", ["--cascade"], DELETED),
        ("delete", ["--cascade=orphan"], {**DELETED, "propagation": "Orphan"}),
        ("delete", ["--cascade=foreground"], {**DELETED, "propagation": "Foreground"}),
        ("delete", ["--grace-period=0"], {**DELETED, "grace": 1}),
        ("delete", ["--grace-period", "-1"], DELETED),
        ("delete", ["--grace-period=7"], {**DELETED, "grace": 7}),
        ("delete", ["--now"], {**DELETED, "grace": 1}),
        ("delete", ["--force"], {**DELETED, "grace": 0}),
        ("delete", ["--force", "--grace-period=0"], {**DELETED, "grace": 0}),
        ("delete", ["--wait=false"], {**DELETED, "waits": False}),
        ("delete", ["--timeout=1m30s"], {**DELETED, "timeout": 90.0}),
    ],
)
def test_a_flag_says_what_it_says_to_kubectl(
    action: str, flags: list[str], expected: dict[str, Any]
) -> None:
    """With its value beside it or after it, in its short form too."""
    assert read_flags(action, flags) == Flags(**expected)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["pod", "a"], {"objects": (("pod", "a"),)}),
        (["pods", "a", "b"], {"objects": (("pods", "a"), ("pods", "b"))}),
        (["pod/a", "secret/b"], {"objects": (("pod", "a"), ("secret", "b"))}),
        (["po,cm", "a"], {"objects": (("po", "a"), ("cm", "a"))}),
        (["cm", "-l", "a in (b, c)"], {"objects": (("cm", ""),), "selector": "a in (b, c)"}),
        (["cm", "-l a=b"], {"objects": (("cm", ""),), "selector": "a=b"}),
        (["--selector", "a=b", "cm"], {"objects": (("cm", ""),), "selector": "a=b"}),
        (["po", "--field-selector=a=b"], {"objects": (("po", ""),), "fields": "a=b"}),
        (["po", "--all", "-A"], {"objects": (("po", ""),), "everywhere": True}),
        (["po", "a", "--all=false"], {"objects": (("po", "a"),)}),
    ],
)
def test_words_are_kinds_and_names(flags: list[str], expected: dict[str, Any]) -> None:
    """Kinds without names are selected from."""
    found = read_flags("delete", flags, manifest=False)
    assert found == Flags(**expected, ignores_absent=True)


@pytest.mark.parametrize(
    ("action", "flags", "words"),
    [
        ("create", ["--nope"], "'--nope' is not honoured for create; those of create are: --dry-"),
        ("create", ["-f", "x"], "'-f' is not honoured for create; state the object in `manifest`"),
        ("get", ["--watch"], "state a `successCondition`"),
        ("get", ["-l", "a=b"], "name one object; only delete takes all"),
        ("apply", ["--force"], "delete the object in a step of its own before"),
        ("apply", ["--token=x"], "state `serviceAccountName`"),
        ("patch", ["--patch={}"], "write the patch as the `manifest`"),
        ("create", ["-"], "'-' is not honoured"),
        ("create", ["-n"], "'-n' has no value; write -n=VALUE"),
        ("create", ["--dry-run"], "--dry-run is not 'client'; write one of none, server"),
        ("delete", ["--wait=maybe"], "--wait is not 'maybe'; write one of true, false"),
        ("patch", ["--type=x"], "--type is not 'x'; write one of strategic, merge, json"),
        ("delete", ["--grace-period=x"], "--grace-period is not 'x'"),
        ("delete", ["--force", "--grace-period=1"], "what is forced has no time to end"),
        ("delete", ["--now", "--grace-period=5"], "--now is a --grace-period, too"),
        ("delete", ["--timeout=x"], "--timeout is not 'x'"),
    ],
)
def test_a_flag_that_is_not_honoured_is_named(action: str, flags: list[str], words: str) -> None:
    """With what to write in its place."""
    with pytest.raises(FlagError) as caught:
        read_flags(action, flags)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("action", "flags", "manifest", "words"),
    [
        ("create", ["pod", "a"], True, "takes its object from a manifest"),
        ("get", ["pod", "a"], True, "told its objects twice"),
        ("delete", ["--all"], True, "told its objects twice"),
        ("delete", ["--field-selector=a=b"], True, "told its objects twice"),
        ("delete", [], False, "nothing says which object to delete"),
        ("create", ["--validate=false"], False, "nothing says which object to create"),
        ("get", ["pod", "a", "b"], False, "get is of one object"),
        ("get", ["pod"], False, "get is of one object"),
        ("patch", ["--type=json"], True, "does not say which object it is for"),
        ("patch", ["pod", "a"], False, "a patch has no manifest"),
        ("delete", ["pod"], False, "delete has no names"),
        ("delete", ["pod", "--all=false"], False, "delete has no names"),
        ("delete", ["pod", "a", "-l", "a=b"], False, "both names and a selector"),
        ("delete", ["pod", "a", "-A"], False, "told names, and every namespace"),
        ("delete", ["pod/a", "b"], False, "'pod/a b' name no objects"),
        ("delete", ["pod/a", "b/"], False, "name no objects"),
        ("delete", ["a/b/c"], False, "name no objects"),
        ("delete", ["pod", ""], False, "name no objects"),
        ("delete", [",pod", "a"], False, "name no objects"),
    ],
)
def test_what_an_action_is_of_is_said_once(
    action: str, flags: list[str], *, manifest: bool, words: str
) -> None:
    """By a manifest or by flags."""
    with pytest.raises(FlagError) as caught:
        read_flags(action, flags, manifest=manifest)
    assert words in str(caught.value)
    assert caught.value.index is None


def test_the_place_of_a_wrong_flag_is_known() -> None:
    """It is the flag, not its value."""
    with pytest.raises(FlagError) as caught:
        read_flags("create", ["-n", "x", "--nope"])
    assert caught.value.index == 2


def test_a_flag_wins_over_the_merge_strategy() -> None:
    """Both say the same thing."""
    assert read_flags("patch", ["--type=merge"], strategy="json").strategy == "merge"
    assert read_flags("patch", ["pod/a"], strategy="json").strategy == "json"
    assert read_flags("create", [], strategy="json") == Flags(strategy="json")
