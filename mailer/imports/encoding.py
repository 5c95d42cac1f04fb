"""From bytes to text: which encoding a file has, and its digest, in one pass that keeps nothing."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from mailer.imports.refusals import UnreadableFile

#: A file on disk, or a seekable binary stream that stays open and is read from its beginning.
Source = Path | BinaryIO

_CHUNK_BYTES = 1 << 16
_BOMS: Mapping[bytes, str] = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NOT_TEXT: Mapping[bytes, str] = {
    b"PK\x03\x04": "a spreadsheet (or another ZIP archive)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    codecs.BOM_UTF32_LE: "UTF-32 text",
}
_SAVE_AS = "open it in your spreadsheet program and save it as 'CSV UTF-8'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteScan:
    """A file's SHA-256 (hex) and encoding: utf-8, utf-8-sig (with byte order mark), utf-16 or cp1252."""

    sha256: str
    encoding: str


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """Open a path, or rewind a stream and leave it open at the end.

    Raises UnreadableFile when the stream cannot be rewound (a pipe): the file is read twice.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
        return
    if not source.seekable():
        raise UnreadableFile("The file is read twice, which a pipe does not allow; save it to disk and name the path.")
    source.seek(0)
    yield source


def digest(stream: BinaryIO) -> str:
    """Return the SHA-256 (hex) of what is left of a stream."""
    digesting = hashlib.sha256()
    while chunk := stream.read(_CHUNK_BYTES):
        digesting.update(chunk)
    return digesting.hexdigest()


def scan_bytes(stream: BinaryIO) -> ByteScan:
    """Read the whole stream once and tell its encoding: a byte order mark decides, else UTF-8, else Windows-1252.

    Raises UnreadableFile when the bytes are empty, no text, or in none of these encodings.
    """
    start = stream.read(4)
    if not start:
        raise UnreadableFile("The file is empty; export it again.")
    for magic, what in _NOT_TEXT.items():
        if start.startswith(magic):
            raise UnreadableFile(f"The file is {what}, not CSV text; {_SAVE_AS}.")
    marked = next((encoding for bom, encoding in _BOMS.items() if start.startswith(bom)), None)
    possible = {name: codecs.getincrementaldecoder(name)() for name in ([marked] if marked else ["utf-8", "cp1252"])}
    digesting, chunk = hashlib.sha256(), start
    while True:
        digesting.update(chunk)
        if marked != "utf-16" and b"\0" in chunk:
            raise UnreadableFile(f"The file has zero bytes: it is no text, or UTF-16 without its mark; {_SAVE_AS}.")
        possible = {name: decoder for name, decoder in possible.items() if _goes_on(decoder, chunk)}
        if not possible:
            known = f"not {marked}, as its first bytes say" if marked else "neither UTF-8 nor Windows-1252"
            raise UnreadableFile(f"The text is {known}; {_SAVE_AS}.")
        if not chunk:
            return ByteScan(sha256=digesting.hexdigest(), encoding=next(iter(possible)))
        chunk = stream.read(_CHUNK_BYTES)


def _goes_on(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def as_text(stream: BinaryIO, encoding: str) -> Iterator[TextIOWrapper]:
    """Read a stream from its beginning as text with its line ends untouched; the stream stays open."""
    stream.seek(0)
    text = TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        yield text
    finally:
        text.detach()
