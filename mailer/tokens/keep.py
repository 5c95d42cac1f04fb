"""The refresh token of one login, in a file of its own: never in the database, never in a log.

Providers may replace a refresh token at every use and take the second use of an old one for theft (RFC 9700 §4.14),
so one process at a time reads, uses and replaces it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from mailer.secret import check_private
from mailer.tokens.errors import TokenMisconfigured, TokenUnavailable

if sys.platform != "win32":
    import fcntl

_LOOK_SECONDS = 0.05


class RefreshTokens:
    """What is kept under `folder`/`name`.json; methods without `async` wait for the disk.

    A kept token counts only for the application (`client_id`) it was given to, and only until its owner puts another
    token into the file that `first` reads.
    """

    def __init__(self, folder: Path, name: str, *, client_id: str, first: Callable[[], str]) -> None:
        self._folder = folder
        self._path = folder / f"{name}.json"
        self._client_id = client_id
        self._first = first

    def current(self) -> str:
        """Return the refresh token to use now, "" when there is none.

        Raises:
            TokenMisconfigured: the file cannot be read; what `first` raises comes through.
            SettingsError: others may read the file.
        """
        first = self._first()
        try:
            check_private(self._path)
            kept = json.loads(self._path.read_text("utf-8"))
            belongs = kept["client_id"] == self._client_id and kept["replaces"] == _fingerprint(first)
            return str(kept["refresh_token"]) if belongs else first
        except FileNotFoundError:
            return first
        except OSError as problem:
            raise TokenMisconfigured(f"{self._path} cannot be read: {problem.strerror}") from problem
        except (ValueError, LookupError, TypeError):  # their texts may hold the token
            raise TokenMisconfigured(f"{self._path} is damaged: delete it and log in again") from None

    def keep(self, token: str) -> None:
        """Replace the kept token, whole or not at all.

        Raises:
            TokenMisconfigured: the file cannot be written.
        """
        values = {"client_id": self._client_id, "replaces": _fingerprint(self._first()), "refresh_token": token}
        draft = self._path.with_suffix(".new")
        try:
            self._make_folder()
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(values, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
            if os.name == "posix":
                folder = os.open(self._folder, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        except OSError as problem:
            raise self._unwritable(problem) from problem

    @contextlib.asynccontextmanager
    async def alone(self, *, timeout_seconds: float) -> AsyncIterator[None]:
        """Keep other processes from using the token meanwhile.

        Raises:
            TokenMisconfigured: the folder cannot be written to, so that a new token could not be kept either.
            TokenUnavailable: another process does not finish.
        """
        try:
            self._make_folder()
            handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as problem:
            raise self._unwritable(problem) from problem
        try:
            try:
                async with asyncio.timeout(timeout_seconds):
                    while not _locked(handle):  # noqa: ASYNC110 -- another process lets go of it
                        await asyncio.sleep(_LOOK_SECONDS)
            except TimeoutError:
                raise TokenUnavailable(f"another process holds {self._path}: try again later") from None
            yield
        finally:
            os.close(handle)

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            self._folder.chmod(0o700)

    def _unwritable(self, problem: OSError) -> TokenMisconfigured:
        return TokenMisconfigured(
            f"the refresh token cannot be kept in {self._folder} ({problem.strerror}): make it writable, or make room"
        )


def _locked(handle: int) -> bool:
    """Tell whether the lock is ours now; where there is no such lock (Windows), one process is all there may be."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _fingerprint(token: str) -> str:
    """Return what tells one refresh token from another and does not give it away."""
    return hashlib.sha256(token.encode()).hexdigest() if token else ""
