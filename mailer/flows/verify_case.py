"""Is a case file what it was when it was made, and what the signed log says? Of files only, a folder or a zip.

It comes to the same verdict as `bash VERIFY.txt` in that folder, and names what is wrong.
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from mailer.dossier.copies import FOLDER as COPIES
from mailer.record.note import Verifier
from mailer.record.package import (
    ANCHORS,
    CHECKPOINT,
    ENTRIES,
    EVENTS,
    MAILS,
    NOT_RETAINED,
    PROOFS,
    PUBLIC_PEM,
    SIGNATURES,
    VKEY,
)
from mailer.record.package_check import check_package
from mailer.record.package_flaws import Flaw, Flawed, PackageVerdict, Packed
from mailer.record.stamp import Trusted

MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
_BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_PIECE = 1 << 20
#: No key, head or proof is longer; of more, only so much is read.
_SMALL = 1 << 20
_ODD = re.compile(rb"[\x00-\x1f\x7f\\]")
#: Told (files summed, files there).
Progress = Callable[[int, int], None]
Check = Callable[[Packed], PackageVerdict]


class NoCaseFile(ValueError):
    """There is no folder and no zip of that name."""


class Source(Protocol):
    """The files of a case file, by their paths in it (bytes of a name that is no UTF-8 as surrogates)."""

    paths: list[str]
    #: Links, doubles, and names that could mislead.
    odd: list[str]

    def open(self, path: str) -> BinaryIO:
        """Give a file to read; raises OSError."""


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root
        self.paths: list[str] = []
        self.odd: list[str] = []
        for folder, folders, files in os.walk(root):
            for name in (*folders, *files):
                place = Path(folder, name)
                path = place.relative_to(root).as_posix()
                is_plain = not place.is_symlink() and (place.is_dir() or place.is_file())
                if not is_plain or _ODD.search(os.fsencode(name)):
                    self.odd.append(path)
                if name in files:
                    self.paths.append(path)

    def open(self, path: str) -> BinaryIO:
        return (self._root / path).open("rb")


class _Zip:
    """A zip with one folder in it. What unpacking would put elsewhere, or twice into one place, is odd."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._infos: dict[str, zipfile.ZipInfo] = {}
        self.odd: list[str] = []
        tops = {info.filename.partition("/")[0] for info in archive.infolist()}
        self.odd += sorted(tops)[1:]
        for info in archive.infolist():
            path = info.filename.partition("/")[2]
            parts = path.removesuffix("/").split("/")
            is_link = (info.external_attr >> 16) & 0o170000 not in (0, 0o100000, 0o040000)
            if is_link or path in self._infos or {"..", "."} & {*parts} or (path and "" in parts) or _is_odd(path):
                self.odd.append(path)
            if not info.is_dir():
                self._infos[path] = info
        self.paths = list(self._infos)

    def open(self, path: str) -> BinaryIO:
        return self._archive.open(self._infos[path])  # type: ignore[return-value] # it reads bytes


def _is_odd(path: str) -> bool:
    return bool(_ODD.search(os.fsencode(path)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVerdict:
    """What was checked, and what is wrong; nothing: the file is whole and as the log has it.

    `copies`: how many mails are only here as redacted copies, which the log does not bind.
    """

    path: Path
    files: int
    size_bytes: int
    log: PackageVerdict
    flaws: tuple[Flawed, ...]
    copies: int = 0


def verify_case(
    place: Path,
    *,
    key_sha256: str = "",
    trusted: Trusted | None = None,
    witnesses: Sequence[Verifier] | None = None,
    progress: Progress | None = None,
) -> CaseVerdict:
    """Check a case file. `key_sha256`: the SHA-256 of log.vkey as it was told by another way. Nothing is written.

    `trusted`: whose time stamps count; None: they are held to the log, and not to anybody's signature. `witnesses`:
    keys as their witnesses gave them, of which one must have cosigned a head; None: those in the folder.

    Raises NoCaseFile, OSError.
    """
    check = partial(check_package, trusted=trusted, witnesses=witnesses)
    if place.is_dir():
        return _verified(place, _Folder(place), key_sha256, check, progress)
    if not place.is_file():
        raise NoCaseFile(f"there is no folder and no file {place}")
    try:
        with zipfile.ZipFile(place) as archive:
            return _verified(place, _Zip(archive), key_sha256, check, progress)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, UnicodeError, EOFError) as problem:
        words = f"this is no zip that can be read: {problem}"
        flaw = Flawed(what=Flaw.NOT_A_CASE_FILE, words=words, file=place.name)
        return CaseVerdict(path=place, files=0, size_bytes=0, log=PackageVerdict(), flaws=(flaw,))


def _verified(place: Path, source: Source, key_sha256: str, check: Check, progress: Progress | None) -> CaseVerdict:
    sums, octets = _sums(source, progress)
    flaws = list(_bag_flaws(source, sums, octets))
    checked = check(_packed(source, sums))
    flaws += [one for one in checked.flaws if one.file not in {flaw.file for flaw in flaws}] if flaws else checked.flaws
    if key_sha256 and sums.get(VKEY) != key_sha256.lower():
        words = f"its SHA-256 is {sums.get(VKEY, 'missing')}, not the one that was told"
        flaws.append(Flawed(what=Flaw.KEY_CHANGED, words=words, file=VKEY))
    log = replace(checked, flaws=())
    copies = sum(path.startswith(f"{COPIES}/") for path in sums)
    size = sum(octets.values())
    return CaseVerdict(path=place, files=len(sums), size_bytes=size, log=log, flaws=tuple(flaws), copies=copies)


def _sums(source: Source, progress: Progress | None) -> tuple[dict[str, str], dict[str, int]]:
    """Return SHA-256 and size of every file, by path; an odd one is not opened."""
    sums, octets = dict[str, str](), dict[str, int]()
    odd = set(source.odd)
    for done, path in enumerate(source.paths, start=1):
        if progress:
            progress(done, len(source.paths))
        if path in odd:
            continue
        digest, size = hashlib.sha256(), 0
        with source.open(path) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        sums[path], octets[path] = digest.hexdigest(), size
    return sums, octets


def _bag_flaws(source: Source, sums: Mapping[str, str], octets: Mapping[str, int]) -> Iterator[Flawed]:
    for path in source.odd:
        words = "a link, a double, or a name that could mislead other tools"
        yield Flawed(what=Flaw.NOT_A_CASE_FILE, words=words, file=path)
    if _small(source, sums, "bagit.txt") != _BAGIT:
        yield Flawed(what=Flaw.NOT_A_CASE_FILE, words="this is no BagIt 1.0 folder", file="bagit.txt")
    payload = {path for path in sums if path == "data" or path.startswith("data/")}
    tags = sums.keys() - payload - {TAG_MANIFEST}
    yield from _manifest_flaws(source, sums, payload, MANIFEST)
    yield from _manifest_flaws(source, sums, tags, TAG_MANIFEST)
    line = f"Payload-Oxum: {sum(octets[path] for path in payload)}.{len(payload)}".encode()
    if line not in _small(source, sums, "bag-info.txt").split(b"\n"):
        words = "the number of files or bytes under data/ is not the one given here"
        yield Flawed(what=Flaw.FILE_CHANGED, words=words, file="bag-info.txt")


def _manifest_flaws(source: Source, sums: Mapping[str, str], paths: set[str], name: str) -> Iterator[Flawed]:
    """Hold a manifest against the files it should list: one line each, in the order of their names, and no other."""
    present = [os.fsencode(f"{sums[path]}  {path}") for path in sorted(paths, key=os.fsencode)]
    raw = _whole(source, sums, name)
    if raw == b"".join(line + b"\n" for line in present):
        return
    listed = {line[66:]: line[:64] for line in raw.split(b"\n") if line}
    found = {line[66:]: line[:64] for line in present}
    for path in sorted(listed.keys() | found.keys()):
        file = os.fsdecode(path)
        if path not in found:
            yield Flawed(what=Flaw.FILE_MISSING, words=f"{name} lists it, and it is not there", file=file)
        elif path not in listed:
            yield Flawed(what=Flaw.FILE_ADDED, words=f"{name} does not list it", file=file)
        elif listed[path] != found[path]:
            yield Flawed(what=Flaw.FILE_CHANGED, words=f"it is not the file that {name} lists", file=file)
    if listed == found:
        yield Flawed(what=Flaw.FILE_CHANGED, words="its lines are not written as they should be", file=name)


def _packed(source: Source, sums: Mapping[str, str]) -> Packed:
    return Packed(
        vkey=_small(source, sums, VKEY),
        pem=_small(source, sums, PUBLIC_PEM),
        checkpoint=_small(source, sums, CHECKPOINT),
        entries=_lines(source, sums, ENTRIES),
        events=_lines(source, sums, EVENTS),
        proof=lambda path: _small(source, sums, path) if path in sums else None,
        proofs=sum(path.startswith(f"{PROOFS}/") for path in sums),
        mails={path: digest for path, digest in sums.items() if path.startswith(f"{MAILS}/")},
        not_retained=_whole(source, sums, NOT_RETAINED),
        signatures={path: digest for path, digest in sums.items() if path.startswith(f"{SIGNATURES}/")},
        anchors={path: _small(source, sums, path) for path in sums if path.startswith(f"{ANCHORS}/")},
    )


def _lines(source: Source, sums: Mapping[str, str], path: str) -> Iterator[bytes]:
    if path in sums:
        with source.open(path) as file:
            yield from file


def _small(source: Source, sums: Mapping[str, str], path: str) -> bytes:
    if path not in sums:
        return b""
    with source.open(path) as file:
        return file.read(_SMALL)


def _whole(source: Source, sums: Mapping[str, str], path: str) -> bytes:
    if path not in sums:
        return b""
    with source.open(path) as file:
        return file.read()
