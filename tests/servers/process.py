"""Starting, watching and stopping one real server on loopback, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

HOST = "127.0.0.1"
START_TIMEOUT_SECONDS = 20.0
STOP_TIMEOUT_SECONDS = 10.0
UNPRIVILEGED = "nobody"
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def is_root() -> bool:
    """True when servers that refuse root must be started as somebody else."""
    return os.geteuid() == 0


def missing(what: str, install: str) -> None:
    """Fails in CI, where every server is promised; elsewhere skips and names what to install."""
    sentence = f"{what} is not installed: {install}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def find_binary(name: str, install: str) -> str:
    """Full path of a server's program, looked for in the system folders too."""
    path = shutil.which(name, path=_PATH)
    if path is None:
        missing(name, install)
    return str(path)


def free_port() -> int:
    """A port nobody listens on now; taken by the server a moment later."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """True when something accepts connections on the loopback port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def make_folder(prefix: str) -> Path:
    """A folder that an unprivileged server can reach; pytest's own are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix=f"duly-{prefix}-"))
    folder.chmod(0o755)
    return folder


def give_away(path: Path) -> None:
    """Hands a path to the unprivileged user when we are root; otherwise it is ours and stays so."""
    if is_root():
        shutil.chown(path, UNPRIVILEGED)


def unprivileged(*command: str) -> list[str]:
    """The command, run as somebody who is not root."""
    if not is_root():
        return list(command)
    setpriv = find_binary("setpriv", "apt-get install util-linux")
    user = f"--reuid={UNPRIVILEGED}"
    return [setpriv, user, "--regid=65534", "--clear-groups", "--", *command]


def children(pid: int) -> list[int]:
    """The processes that this one forked and that still run."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


class ServerProcess:
    """One server in the foreground: ready when its port listens, stopped by its own pid."""

    def __init__(self, command: list[str], port: int, *, log: Path, cwd: Path | None = None) -> None:
        self._command = command
        self._port = port
        self._log = log
        self._cwd = cwd
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """True between start and stop, unless the server ended by itself."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._child is not None, "the server is not running"
        return self._child.pid

    def start(self) -> None:
        """Starts the server and waits until it accepts connections; its log is in the error when it does not."""
        assert self._child is None, "the server is running already"
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self._cwd
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not listens(self._port):
            if self._child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
                pytest.fail(f"{self._command[0]} did not start on port {self._port}; it said:\n{said}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends the server and every process it forked, and waits for it; stopping twice is fine."""
        child, self._child = self._child, None
        if child is None:
            return
        forked = children(child.pid)
        child.terminate()
        for pid in forked:
            # Dovecot leaves the sessions running when its master goes; a stopped server must cut them.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        try:
            child.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
