"""One file of the case file: its path and either its bytes or what to render it from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A finished file; `path` is relative to the folder, with forward slashes."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEntry:
    """A file that rendering writes: `part` of `template` ("body.html" of "dossier/chronology") with these values."""

    path: str
    template: str
    part: str
    language: str
    values: DataclassInstance


Entry = FileEntry | RenderedEntry
