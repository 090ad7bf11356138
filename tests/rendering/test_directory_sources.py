"""Plain directories: which files are read, what they become, and what is refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.trees import Entry
from ruleengine.rendering import globs
from ruleengine.rendering.directory import SIZE_LIMIT
from ruleengine.rendering.rendering import render
from ruleengine.rendering.results import Rendered, SourceType
from tests.vectors import vectors_folder

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


class _Tree:
    """A tree of files in memory."""

    revision = "c0ffee"
    dirty = False

    def __init__(self, content: Mapping[str, bytes], findings: tuple[Finding, ...] = ()) -> None:
        self.content = content
        self.findings = findings

    def files(self) -> Mapping[str, Entry]:
        return {path: Entry(f"blob of {path}", len(data)) for path, data in self.content.items()}

    def read(self, path: str) -> bytes:
        return self.content[path]


class _Vanishing(_Tree):
    """A tree whose files went away after they were listed."""

    def read(self, path: str) -> bytes:
        raise KeyError(path)


def _render(files: Mapping[str, str | bytes], **source: object) -> Rendered:
    content = {path: one.encode() if isinstance(one, str) else one for path, one in files.items()}
    return render({"path": "app", **source}, _Tree(content), {"name": "shop"})


def _names(rendered: Rendered) -> list[str]:
    return [one.object["metadata"]["name"] for one in rendered.objects]


def _codes(rendered: Rendered) -> list[str]:
    return [one.code for one in rendered.findings]


def test_a_manifest_that_vanishes_is_an_error() -> None:
    """Left out in silence, its objects would be pruned."""
    tree = _Vanishing({"app/x.yaml": (MAP % "x").encode()})
    rendered = render({"path": "app"}, tree, {"name": "shop"})
    assert (Severity.ERROR, "app/x.yaml") in [
        (one.severity, one.place.path) for one in rendered.findings
    ]


def test_manifests_are_read_in_lexical_order_with_their_places() -> None:
    """Several documents of a file keep their order; each object knows its file and line."""
    files = {"app/b.yml": MAP % "c", "app/a.yaml": MAP % "a" + "---\n" + MAP % "b"}
    rendered = _render(files)
    assert _names(rendered) == ["a", "b", "c"]
    assert [(one.path, one.line) for one in rendered.objects] == [
        ("app/a.yaml", 1),
        ("app/a.yaml", 5),
        ("app/b.yml", 1),
    ]
    assert rendered.findings == ()


def test_folders_below_are_read_only_with_recurse() -> None:
    """Without recurse a folder below is not looked at."""
    files = {"app/a.yaml": MAP % "a", "app/below/b.yaml": MAP % "b"}
    assert _names(_render(files)) == ["a"]
    assert _names(_render(files, directory={"recurse": True})) == ["a", "b"]


def test_a_folder_comes_where_its_name_stands() -> None:
    """The walk is lexical by the parts of the path, not by its text."""
    files = {"app/a/z.yaml": MAP % "z", "app/a.yaml": MAP % "a"}
    assert _names(_render(files, directory={"recurse": True})) == ["z", "a"]


def test_exclude_is_tested_before_include_and_both_know_alternatives() -> None:
    """``*`` crosses folders, ``{a,b}`` means either."""
    files = {f"app/{name}.yaml": MAP % name.replace("/", "-") for name in ("a", "b", "c", "x/a")}
    options = {"recurse": True, "include": "{a,b,x/*}.yaml", "exclude": "b*"}
    assert _names(_render(files, directory=options)) == ["a", "x-a"]


def test_a_broken_glob_is_a_finding() -> None:
    """Nothing is rendered by guess."""
    rendered = _render({"app/a.yaml": MAP % "a"}, directory={"include": "{a"})
    assert _codes(rendered) == ["render-source-invalid"]
    assert rendered.objects == ()


def test_other_files_are_not_looked_at() -> None:
    """Only names that end in yaml, yml, json or jsonnet count, unless the filter is off."""
    files = {"app/a.yaml": MAP % "a", "app/b.txt": MAP % "b"}
    assert _names(_render(files)) == ["a"]
    assert _names(_render(files, directory={"disableExtensionFilter": True})) == ["a", "b"]


def test_a_file_with_the_skip_marker_is_left_out() -> None:
    """The file itself asks for it."""
    files = {"app/a.yaml": MAP % "a", "app/b.yaml": "# +argocd:skip-file-rendering\n" + MAP % "b"}
    assert _names(_render(files)) == ["a"]


def test_lists_are_taken_apart() -> None:
    """Items of a typed list may leave out their kind; a list without items vanishes."""
    text = (
        "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: a}\n"
        "- metadata: {name: b}\n---\napiVersion: v1\nkind: List\nitems: null\n"
    )
    rendered = _render({"app/a.yaml": text})
    assert _names(rendered) == ["a", "b"]
    assert [one.object["kind"] for one in rendered.objects] == ["ConfigMap", "ConfigMap"]
    assert [one.line for one in rendered.objects] == [4, 5]


def test_a_json_file_holds_exactly_one_object() -> None:
    """Anything else in it is an error."""
    good = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}'
    assert _names(_render({"app/a.json": good})) == ["a"]
    assert "render-file-invalid" in _codes(_render({"app/a.json": f"[{good}]"}))


def test_a_file_that_is_no_manifest_is_left_out_and_said_so() -> None:
    """The values of a chart between manifests do no harm."""
    files = {"app/a.yaml": MAP % "a", "app/values.yaml": "replicas: 3\n"}
    rendered = _render(files)
    assert _names(rendered) == ["a"]
    assert [(one.code, one.severity) for one in rendered.findings] == [
        ("render-file-ignored", Severity.INFO)
    ]


@pytest.mark.parametrize(
    "text",
    [
        MAP % "a" + "---\nkind: [\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n",
        MAP % "a" + "---\njust: data\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
    ],
)
def test_a_file_that_looks_like_a_manifest_and_is_none_is_an_error(text: str) -> None:
    """What is meant as a manifest is never dropped silently."""
    rendered = _render({"app/a.yaml": text})
    assert any(one.severity is Severity.ERROR for one in rendered.findings)
    assert all(one.place.path == "app/a.yaml" for one in rendered.findings if one.place.line)


def test_a_text_in_utf_16_is_read() -> None:
    """A byte order mark tells."""
    assert _names(_render({"app/a.yaml": (MAP % "a").encode("utf-16")})) == ["a"]


def test_the_size_of_all_manifests_together_is_limited() -> None:
    """Jsonnet does not count, manifests do."""
    files = {"app/a.yaml": MAP % "a", "app/b.yaml": "#" * SIZE_LIMIT}
    rendered = _render(files)
    assert _codes(rendered) == ["render-size-exceeded"]
    assert rendered.objects == ()


@pytest.mark.parametrize(
    ("files", "source", "source_type"),
    [
        ({"app/Chart.yaml": "name: x"}, {}, SourceType.HELM),
        ({"app/kustomization.yaml": "resources: []"}, {}, SourceType.KUSTOMIZE),
        ({"app/a.yaml": MAP % "a"}, {"helm": {}}, SourceType.HELM),
        ({"app/a.yaml": MAP % "a"}, {"plugin": {"name": "x"}}, SourceType.PLUGIN),
        ({"app/a.yaml": MAP % "a"}, {"chart": "x"}, SourceType.HELM),
        ({"app/a.jsonnet": "{}"}, {}, SourceType.DIRECTORY),
    ],
)
def test_other_generators_are_recognised_and_refused(
    files: dict, source: dict, source_type: SourceType
) -> None:
    """A chart is never rendered as if it were plain manifests."""
    rendered = _render(files, **source)
    assert rendered.source_type is source_type
    assert "render-source-unsupported" in _codes(rendered)
    assert rendered.objects == ()


def test_an_explicit_directory_wins_over_what_the_files_say() -> None:
    """The block of the source decides first."""
    files = {"app/Chart.yaml": "name: x\n", "app/a.yaml": MAP % "a"}
    assert _names(_render(files, directory={"recurse": False})) == ["a"]


def test_two_generators_are_a_finding() -> None:
    """Nobody can tell which one is meant."""
    rendered = _render({"app/a.yaml": MAP % "a"}, directory={}, helm={})
    assert _codes(rendered) == ["render-source-ambiguous"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("nowhere", "render-path-missing"),
        ("app/a.yaml", "render-path-missing"),
        ("../secrets", "render-path-outside"),
        ("app/../../x", "render-path-outside"),
        ("/etc", "render-path-outside"),
    ],
)
def test_a_path_that_is_no_folder_of_the_repo_is_a_finding(path: str, code: str) -> None:
    """Missing, a file, or outside: each says which."""
    assert _codes(_render({"app/a.yaml": MAP % "a"}, path=path)) == [code]


def test_a_path_that_is_a_link_says_that_links_are_not_followed() -> None:
    """Otherwise one would look in vain for what is missing."""
    unread = Finding(
        severity=Severity.WARNING,
        code="repository-link-unread",
        message="not followed",
        remedy="",
        place=Place("link"),
    )
    tree = _Tree({"app/a.yaml": b"{}"}, findings=(unread,))
    (finding,) = render({"path": "link"}, tree, {"name": "shop"}).findings
    assert finding.code == "render-path-missing"
    assert "is a symbolic link, which is not followed" in finding.message


def test_a_folder_without_manifests_is_a_finding_that_names_the_likely_cure() -> None:
    """Nothing rendered is never silent."""
    rendered = _render({"app/below/a.yaml": MAP % "a"})
    assert _codes(rendered) == ["render-folder-empty"]
    assert "recurse" in rendered.findings[0].remedy


def test_override_files_change_the_source_but_not_where_it_lies() -> None:
    """The file of one application comes over that of all."""
    files = {
        "app/a.yaml": MAP % "a",
        "app/below/b.yaml": MAP % "b",
        "app/.argocd-source.yaml": "path: elsewhere\ndirectory: {recurse: true, exclude: 'a*'}\n",
        "app/.argocd-source-shop.yaml": "directory: {exclude: null}\n",
        "app/.argocd-source-other.yaml": "directory: {exclude: '*'}\n",
    }
    assert _names(_render(files)) == ["a", "b"]


def test_links_among_the_manifests_are_reported() -> None:
    """What the tree did not follow stands among the findings of the render."""
    link = Finding(
        severity=Severity.ERROR,
        code="file-link",
        message="a link",
        remedy="copy it",
        place=Place("app/link.yaml"),
    )
    tree = _Tree({"app/a.yaml": (MAP % "a").encode()}, (link,))
    assert link in render({"path": "app"}, tree, {"name": "shop"}).findings


def test_a_render_tells_what_it_read() -> None:
    """Exactly the files whose content was looked at, with their blob ids."""
    files = {"app/a.yaml": MAP % "a", "app/b.txt": "", "other/c.yaml": MAP % "c"}
    rendered = _render(files)
    assert rendered.read == frozenset({("app/a.yaml", "blob of app/a.yaml")})
    assert rendered.listed == frozenset({"app"})


@given(st.dictionaries(st.sampled_from(["app/a.yaml", "app/b.json"]), st.binary(max_size=40)))
def test_whatever_bytes_stand_in_a_file_rendering_returns(files: dict[str, bytes]) -> None:
    """Wrong user data is findings, never an exception."""
    rendered = _render(files)
    assert rendered.objects == () or rendered.read


@pytest.mark.parametrize(
    ("pattern", "text", "separators", "expected"),
    [
        ("*.yaml", "a/b.yaml", "", True),
        ("*.yaml", "a/b.yaml", "/", False),
        ("**.yaml", "a/b.yaml", "/", True),
        ("[!a]?", "bc", "", True),
        ("[a-c]x", "dx", "", False),
        ("{a,b{c,d}}", "bd", "", True),
        (r"\*", "*", "", True),
        ("a.c", "abc", "", False),
    ],
)
def test_globs_match_as_argo_cd_matches_them(
    pattern: str, text: str, separators: str, expected: bool
) -> None:
    """One row per feature of the language."""
    assert globs.matches(pattern, text, separators) is expected


def test_a_glob_of_many_stars_is_answered_all_the_same() -> None:
    """An engine that goes back would try for years."""
    assert not globs.matches("*a" * 40 + "b", "a" * 200)
    assert globs.matches("*a" * 40 + "{b,c}", "a" * 200 + "c")


def _example(name: str) -> _Tree:
    folder = vectors_folder("argocd-example-apps")
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }
    assert any(path.startswith(f"{name}/") for path in files)
    return _Tree(files)


@pytest.mark.vectors
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("guestbook", ["Deployment/guestbook-ui", "Service/guestbook-ui"]),
        (
            "sync-waves",
            [
                "Job/upgrade-sql-schema",
                "ReplicaSet/backend",
                "Service/backend",
                "Job/maint-page-up",
                "ReplicaSet/frontend",
                "Service/frontend",
                "Job/maint-page-down",
            ],
        ),
    ],
)
def test_a_plain_example_renders_to_its_objects(name: str, expected: list[str]) -> None:
    """The public examples that are plain directories."""
    rendered = render({"path": name}, _example(name), {"name": name})
    found = []
    for one in rendered.objects:
        metadata = one.object["metadata"]
        found.append(f"{one.object['kind']}/{metadata.get('name') or metadata['generateName']}")
    print(f"argocd-example-apps/{name}: {len(found)} objects")
    assert found == expected
    assert rendered.findings == ()


@pytest.mark.vectors
@pytest.mark.parametrize("name", ["helm-guestbook", "kustomize-guestbook", "jsonnet-guestbook"])
def test_an_example_of_another_generator_is_refused(name: str) -> None:
    """Each with a finding that names the generator."""
    rendered = render({"path": name}, _example(name), {"name": name})
    assert "render-source-unsupported" in _codes(rendered)
    assert rendered.objects == ()
