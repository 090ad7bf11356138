"""Git servers on loopback: HTTP and HTTPS behind a login, and SSH with keys of its own."""

import contextlib
import getpass
import http.server
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ruleengine.local import material

SSHD = "/usr/sbin/sshd"


class Backend(http.server.BaseHTTPRequestHandler):
    """Serves repositories as a Git host does, behind a login, quietly."""

    root = Path()

    def do_GET(self) -> None:
        """Let ``git http-backend`` answer those who are logged in."""
        if self.headers.get("Authorization") != "Basic bWU6aHVudGVyMg==":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = {
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.root),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
        }
        answer = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env=os.environ | request,
        ).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        self.send_response(200)
        for line in head.decode().splitlines():
            name, _, text = line.partition(": ")
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        """Fetching posts what it has and wants."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def server_context(folder: Path) -> ssl.SSLContext:
    """Return the server's side of TLS, under an authority that is made in a folder."""
    made = material.prepare(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    return context


@contextlib.contextmanager
def served(repository: Path, tls: Path | None = None) -> Iterator[str]:
    """Serve a repository on a loopback port; with ``tls`` under the authority made there."""
    handler = type("Handler", (Backend,), {"root": repository.parent})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            tls.mkdir()
            context = server_context(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            scheme = "https" if tls else "http"
            yield f"{scheme}://127.0.0.1:{server.server_port}/{repository.name}/.git"
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class SshServer:
    """A server that runs: its address, the user's key, and the user's home folder."""

    url: str
    port: int
    folder: Path

    @property
    def key(self) -> Path:
        """The user's private key, behind a passphrase."""
        return self.folder / "user"

    @property
    def home(self) -> Path:
        """The home folder, whose ``known_hosts`` says which servers are trusted."""
        return self.folder / "home"

    def be_known(self) -> None:
        """Write the server's key into ``known_hosts``."""
        self._know("host.pub")

    def be_known_by_another_key(self) -> None:
        """Write a key into ``known_hosts`` that is not the server's."""
        self._know("user.pub")

    def _know(self, name: str) -> None:
        kind, key, *_ = (self.folder / name).read_text().split()
        (self.home / ".ssh").mkdir(parents=True, exist_ok=True)
        (self.home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")


@contextlib.contextmanager
def ssh_server(repository: Path, folder: Path, phrase: str) -> Iterator[SshServer]:
    """Run a throw-away sshd that lets one key in; skip the test where there is none."""
    if not Path(SSHD).is_file() or not _is_allowed():
        pytest.skip("sshd is not installed")
    folder.mkdir()
    server = SshServer(f"ssh://{getpass.getuser()}@127.0.0.1", _free_port(), folder)
    for name, secret in (("host", ""), ("user", phrase)):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", secret, "-f", str(folder / name)]
        subprocess.run(command, check=True)
    settings = {
        "Port": server.port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "user.pub",
        "PidFile": "none",
        "UsePAM": "no",
        "StrictModes": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
    }
    text = "".join(f"{name} {value}\n" for name, value in settings.items())
    (folder / "config").write_text(text)
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(folder / "config")], stdout=log, stderr=log
        ) as process,
    ):
        try:
            _await_port(server.port, process)
            url = f"{server.url}:{server.port}{repository.resolve()}"
            yield SshServer(url, server.port, folder)
        finally:
            process.terminate()


def _is_allowed() -> bool:
    """Tell whether sshd will start: as root it wants a folder of its own."""
    return os.getuid() != 0 or Path("/run/sshd").is_dir()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise AssertionError("sshd ended at its start")
