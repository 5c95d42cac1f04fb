"""The folder of a case file on disk: only the owner may read it, and it is whole or not there."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from mailer.clock import new_id
from mailer.dossier.entry import FileEntry
from mailer.dossier.manifest import closing_entries
from mailer.dossier.safe_names import safe_names

_PIECE_BYTES = 1024 * 1024


class FolderTaken(ValueError):
    """There is something in that place already; nothing was written."""


class Sink:
    """A file that is being written, with its sum so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Write the next bytes."""
        self._file.write(piece)
        self.digest.update(piece)
        self.size += len(piece)


class CaseFolder:
    """A folder being filled beside its final place; `finish` moves it there, `discard` takes it away.

    Files have mode 0600, folders 0700. After a crash a hidden folder ".….part_…" may be left, whole when the record has
    its sum; in its place there is never half a case file.
    """

    def __init__(self, out: Path, name: str, *, zipped: bool = False) -> None:
        self.name = safe_names((name,))[0]
        self.path = out.resolve() / (f"{self.name}.zip" if zipped else self.name)
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise FolderTaken(f"{self.path} is there already: move it away, or give another --out")
        self._draft = self.path.with_name(f".{self.path.name}.{new_id('part')}")
        self._archive = self._draft.with_name(f"{self._draft.name}.zip") if zipped else None
        self.hashes: dict[str, str] = {}
        self.size_bytes = self.payload_bytes = 0

    def start(self) -> None:
        """Make the folders; raises OSError when the place cannot be written to."""
        self._draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._draft.mkdir(mode=0o700)

    def write(self, path: str, pieces: Iterable[bytes]) -> None:
        """Write one file (path with forward slashes) piece by piece and note its sum."""
        with self.open(path) as file:
            for piece in pieces:
                file.write(piece)

    @contextmanager
    def open(self, path: str) -> Iterator[Sink]:
        """Give a new file (path with forward slashes) to write to; its sum is noted at the end."""
        place = self._place(path)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            sink = Sink(file)
            yield sink
        self.size_bytes += sink.size
        self.payload_bytes += sink.size if path.startswith("data/") else 0
        self.hashes[path] = sink.digest.hexdigest()

    @property
    def draft(self) -> Path:
        """Where the files lie until `finish`."""
        return self._draft

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a folder for files that are no part of this one yet; what is not taken is gone at the end."""
        place = self._draft / ".scratch"
        place.mkdir(mode=0o700)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def take(self, path: str, source: Path) -> None:
        """Write one file (path with forward slashes) as a copy of another one."""
        with source.open("rb") as file:
            self.write(path, iter(lambda: file.read(_PIECE_BYTES), b""))

    def close(self, info: Callable[[int, int], FileEntry]) -> None:
        """Write what `info` says of the payload's bytes and files, and the manifests over everything written so far."""
        files = sum(path.startswith("data/") for path in self.hashes)
        entry = info(self.payload_bytes, files)
        self.write(entry.path, (entry.content,))
        for entry in closing_entries(self.hashes):
            self.write(entry.path, (entry.content,))

    def pack(self) -> None:
        """Make the zip, when one is wanted: stored, sorted, of a fixed date, the same for the same files."""
        if self._archive is None:
            return
        with (
            os.fdopen(os.open(self._archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
        ):
            for path in sorted(self.hashes):
                place = self._draft.joinpath(*PurePosixPath(path).parts)
                info = zipfile.ZipInfo(f"{self.name}/{path}")
                info.create_system, info.external_attr, info.file_size = 3, 0o100600 << 16, place.stat().st_size
                with place.open("rb") as source, archive.open(info, "w") as target:
                    shutil.copyfileobj(source, target)

    def finish(self) -> None:
        """Move the folder or the zip to its place."""
        if self.path.exists():
            self.path.rmdir()  # it was empty
        (self._archive or self._draft).rename(self.path)
        if self._archive:
            self.discard()

    def discard(self) -> None:
        """Take away what was written, when it did not come to an end."""
        shutil.rmtree(self._draft, ignore_errors=True)
        if self._archive:
            self._archive.unlink(missing_ok=True)

    def _place(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts:
            raise ValueError(f"{path!r} is no path inside a case file")
        folder = self._draft
        for part in parts[:-1]:
            folder /= part
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder / parts[-1]
