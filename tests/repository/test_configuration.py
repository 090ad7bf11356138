"""What ``ruleengine.yaml`` says about the local control plane."""

import pytest

from ruleengine.repository.configuration import read_text


def test_images_of_the_local_control_plane_are_read() -> None:
    """By the image's name."""
    text = b"local: {images: {acme/build: {entrypoint: [make], env: {A: b}}}}"
    configuration, findings = read_text(text)
    assert findings == ()
    assert configuration.local_images == {"acme/build": {"entrypoint": ["make"], "env": {"A": "b"}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("local: {images: {a: make, b: {cmd: [x]}}}", "the image a must be a mapping"),
        ("local: {images: {a: {cmd: x}, b: {cmd: [x]}}}", "does not say what it starts"),
        ("local: {images: {a: {}, b: {cmd: [x]}}}", "does not say what it starts"),
        ("local: {images: {b: {cmd: [x], comand: [y]}}}", "there is no setting 'comand'"),
        ("local: {image: {}, images: {b: {cmd: [x]}}}", "there is no setting 'image'"),
    ],
)
def test_a_wrong_image_is_a_finding_and_the_others_count(text: str, message: str) -> None:
    """At its line."""
    configuration, findings = read_text(text.encode())
    assert list(configuration.local_images) == ["b"]
    assert [message in one.message and one.place is not None for one in findings] == [True]
