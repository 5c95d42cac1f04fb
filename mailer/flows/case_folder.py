"""The folder of a case file on disk: only the owner may read it, and it is whole or not there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mailer.clock import new_id
from mailer.dossier.manifest import closing_entries
from mailer.dossier.safe_names import safe_names


class FolderTaken(ValueError):
    """There is something in that place already; nothing was written."""


class CaseFolder:
    """A folder being filled beside its final place; `finish` moves it there, `discard` takes it away.

    Files have mode 0600, folders 0700. After a crash a hidden folder ".….part_…" may be left, never half a case file.
    """

    def __init__(self, out: Path, name: str) -> None:
        self.path = out.resolve() / safe_names((name,))[0]
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise FolderTaken(f"{self.path} is there already: move it away, or give another --out")
        self._draft = self.path.with_name(f".{self.path.name}.{new_id('part')}")
        self.hashes: dict[str, str] = {}
        self.size_bytes = 0

    def start(self) -> None:
        """Make the folders; raises OSError when the place cannot be written to."""
        self._draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._draft.mkdir(mode=0o700)

    def write(self, path: str, pieces: Iterable[bytes]) -> None:
        """Write one file (path with forward slashes) piece by piece and note its sum."""
        place = self._place(path)
        digest = hashlib.sha256()
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                self.size_bytes += len(piece)
        self.hashes[path] = digest.hexdigest()

    def close(self) -> None:
        """Write the manifests over everything written so far."""
        for entry in closing_entries(self.hashes):
            self.write(entry.path, (entry.content,))

    def finish(self) -> None:
        """Move the folder to its place."""
        if self.path.exists():
            self.path.rmdir()  # it was empty
        self._draft.rename(self.path)

    def discard(self) -> None:
        """Take away what was written, when it did not come to an end."""
        shutil.rmtree(self._draft, ignore_errors=True)

    def _place(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts:
            raise ValueError(f"{path!r} is no path inside a case file")
        folder = self._draft
        for part in parts[:-1]:
            folder /= part
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder / parts[-1]
