"""An artifact driver with a directory behind it, as a team would write one: a program of its own.

It imports nothing of the project, and reads messages by protobuf's own library: what we send is
read by somebody else. Its one argument is the socket that it listens on; the configuration of
an artifact is the folder in which its key lies.
"""

import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

MESSAGES = {
    "PluginArtifact": "name configuration connection_timeout_seconds:5 key",
    "Artifact": "name path mode:5 from plugin:PluginArtifact optional:8 sub_path recurse_mode:8 "
    "from_expression deleted:8",
    "LoadArtifactRequest": "input_artifact:Artifact path",
    "LoadArtifactResponse": "success:8 error",
    "OpenStreamRequest": "artifact:Artifact",
    "OpenStreamResponse": "data:12 is_end:8 error",
    "SaveArtifactRequest": "path output_artifact:Artifact",
    "SaveArtifactResponse": "success:8 error",
    "DeleteArtifactRequest": "artifact:Artifact",
    "DeleteArtifactResponse": "success:8 error",
    "ListObjectsRequest": "artifact:Artifact",
    "ListObjectsResponse": "objects:* error",
    "IsDirectoryRequest": "artifact:Artifact",
    "IsDirectoryResponse": "is_directory:8 error",
}
"""The fields of each message in the order of their numbers; the number of a type, text without."""

METHODS = {
    "Load": "LoadArtifact",
    "OpenStream": "OpenStream",
    "Save": "SaveArtifact",
    "Delete": "DeleteArtifact",
    "ListObjects": "ListObjects",
    "IsDirectory": "IsDirectory",
}
_STRING, _MESSAGE = 9, 11


@cache
def types() -> dict[str, Any]:
    """Return the classes of the messages by name."""
    file = descriptor_pb2.FileDescriptorProto(
        name="artifact.proto", package="artifact", syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        made = file.message_type.add(name=name)
        for number, stated in enumerate(fields.split(), 1):
            field, _, kind = stated.partition(":")
            one = made.field.add(name=field, number=number, label=3 if kind == "*" else 1)
            one.type = int(kind) if kind.isdigit() else _STRING
            if kind in MESSAGES:
                one.type, one.type_name = _MESSAGE, f".artifact.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"artifact.{name}") for name in MESSAGES}
    return {name: message_factory.GetMessageClass(one) for name, one in found.items()}


class DirectoryDriver:
    """Answers each method by the fields of its response; ``asked`` is what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    def place(self, artifact: Any) -> Path:
        """Return where an artifact lies."""
        return Path(artifact.plugin.configuration, artifact.plugin.key)

    def load(self, request: Any) -> dict[str, Any]:
        """Copy a file or a tree to a path."""
        _copy(self.place(request.input_artifact), Path(request.path))
        return {"success": True}

    def save(self, request: Any) -> dict[str, Any]:
        """Copy a file or a tree from a path."""
        place = self.place(request.output_artifact)
        place.parent.mkdir(parents=True, exist_ok=True)
        _copy(Path(request.path), place)
        return {"success": True}

    def delete(self, request: Any) -> dict[str, Any]:
        """Remove a file or a tree."""
        place = self.place(request.artifact)
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()
        return {"success": True}

    def list_objects(self, request: Any) -> dict[str, Any]:
        """List the keys of files."""
        place, root = self.place(request.artifact), Path(request.artifact.plugin.configuration)
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        return {"objects": [one.relative_to(root).as_posix() for one in files if one.is_file()]}

    def is_directory(self, request: Any) -> dict[str, Any]:
        """Tell whether a key is a tree."""
        return {"is_directory": self.place(request.artifact).is_dir()}

    def open_stream(self, request: Any) -> Any:
        """Yield the content of a file, a few bytes at a time."""
        content = self.place(request.artifact).read_bytes()
        for start in range(0, len(content), 4):
            yield {"data": content[start : start + 4]}
        yield {"is_end": True}


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copyfile(source, target)


def serve(driver: DirectoryDriver, socket: str) -> Any:
    """Return a server that answers on a socket as a driver does."""
    known = types()

    def handler(name: str) -> Any:
        word = "".join(f"_{one.lower()}" if one.isupper() else one for one in name).lstrip("_")
        response = known[f"{METHODS[name]}Response"]

        def answer(request: Any, context: Any) -> Any:
            driver.asked.append((name, request))
            try:
                return response(**getattr(driver, word)(request))
            except FileNotFoundError as error:
                context.abort(grpc.StatusCode.NOT_FOUND, f"no such thing: {error.filename}")

        def answers(request: Any, context: Any) -> Any:
            del context
            driver.asked.append((name, request))
            return (response(**one) for one in getattr(driver, word)(request))

        reader = known[f"{METHODS[name]}Request"].FromString
        if name == "OpenStream":
            return grpc.unary_stream_rpc_method_handler(answers, reader, response.SerializeToString)
        return grpc.unary_unary_rpc_method_handler(answer, reader, response.SerializeToString)

    made = grpc.server(ThreadPoolExecutor(2))
    named = {name: handler(name) for name in METHODS}
    service = grpc.method_handlers_generic_handler("artifact.ArtifactService", named)
    made.add_generic_rpc_handlers((service,))
    made.add_insecure_port(f"unix:{socket}")
    made.start()
    return made


def main() -> None:
    """Serve until somebody ends it."""
    over = Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    server = serve(DirectoryDriver(), sys.argv[-1])
    over.wait()
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
