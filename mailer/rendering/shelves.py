"""Where templates lie: the user's folder before the shipped one, file by file.

A template is a folder `<group>/<name>/<language>` with exactly three files (`PARTS`). Folders whose name starts with
an underscore hold layouts for the others and obey the same rule.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from jinja2 import BaseLoader, Environment, TemplateNotFound
from jinja2.meta import find_referenced_templates

SUBJECT = "subject.txt"
TEXT = "body.txt"
HTML = "body.html"
PARTS = (SUBJECT, TEXT, HTML)
GROUPS = ("reminders", "letters", "dossier")
_SYNTAX = Environment()  # noqa: S701 - it parses, and renders nothing


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TemplateName:
    """One template in one language: the folder `<group>/<name>/<language>`."""

    group: str
    name: str
    language: str

    @property
    def folder(self) -> str:
        """The folder below a templates folder, with forward slashes."""
        return f"{self.group}/{self.name}/{self.language}"

    @property
    def is_layout(self) -> bool:
        """Whether other templates build on it and nobody sends it."""
        return self.name.startswith("_")

    def part(self, part: str) -> str:
        """Return the path of one of its three files, as Jinja names it."""
        return f"{self.folder}/{part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    path: Path
    stamp: tuple[int, int]
    text: str


class Shelves(BaseLoader):
    """Loads each file from the first folder that has it; `digest` notices edits and new overrides without a restart."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self._closures: dict[TemplateName, tuple[dict[str, _Source], str]] = {}
        self._places: dict[str, tuple[str, ...]] = {}
        #: How often a template's files were read anew: what was compiled before may be of yesterday.
        self.readings = 0
        self._looking = 0
        self._seen: dict[str, tuple[int, int] | None] = {}

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """Look at each file but once while this lasts: what is written together is written from the same files."""
        self._looking += 1
        try:
            yield
        finally:
            self._looking -= 1
            if not self._looking:
                self._seen.clear()

    def names(self) -> tuple[TemplateName, ...]:
        """Return every template folder on any shelf, layouts included, sorted; whether complete or not."""
        found = {
            TemplateName(group=group, name=place.parent.name, language=place.name)
            for folder in self.folders
            for group in GROUPS
            for place in (folder / group).glob("*/*")
            if place.is_dir() and not place.name.startswith(".") and not place.parent.name.startswith(".")
        }
        return tuple(sorted(found))

    def find(self, name: str) -> Path | None:
        """Return the file that a template path stands for, None when no folder has it or the path leaves them."""
        return next((Path(place) for place in self._places_of(name) if self._stamp(place) is not None), None)

    def _places_of(self, name: str) -> tuple[str, ...]:
        """Return where a template path may lie, the user's folder first; () when it leaves the folders."""
        if name not in self._places:
            pure = PurePosixPath(name)
            leaves = pure.is_absolute() or ".." in pure.parts or "\\" in name
            self._places[name] = () if leaves else tuple(str(folder / pure) for folder in self.folders)
        return self._places[name]

    def has(self, template: TemplateName) -> bool:
        """Return whether all three files of a template can be found."""
        return all(any(map(self._stamp, self._places_of(template.part(part)))) for part in PARTS)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Return text, file name and a test whether both are still current (the loader interface of Jinja)."""
        del environment
        source = self._read(template)
        return source.text, str(source.path), lambda: self._is_current(template, source)

    def digest(self, template: TemplateName) -> str:
        """Return the SHA-256, in hex, over the three files and every layout and macro file that they name.

        It is the version of a template: the same digest means the same words (a file whose name is computed while
        rendering is not followed). Raises jinja2.TemplateError for what cannot be found or parsed.
        """
        known = self._closures.get(template)
        if known is None or not all(self._is_current(*item) for item in known[0].items()):
            sources = self._closure(template)
            self.readings += 1
            whole = hashlib.sha256()
            for name in sorted(sources):
                content = sources[name].text.encode()
                whole.update(f"{name}\n{len(content)}\n".encode() + content)
            known = self._closures[template] = (sources, whole.hexdigest())
        return known[1]

    def _closure(self, template: TemplateName) -> dict[str, _Source]:
        waiting = [template.part(part) for part in PARTS]
        found: dict[str, _Source] = {}
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = self._read(name)
                waiting.extend(_named(found[name].text, name, str(found[name].path)))
        return found

    def _read(self, name: str) -> _Source:
        path = self.find(name)
        if path is None:
            raise TemplateNotFound(name)
        stamp = self._stamp(str(path)) or (0, 0)
        return _Source(path=path, stamp=stamp, text=path.read_text(encoding="utf-8"))

    def _is_current(self, name: str, source: _Source) -> bool:
        """Whether the same file is the first to be found, unchanged; asked often for each mail, so it is cheap."""
        for place in self._places_of(name):
            stamp = self._stamp(place)
            if stamp is not None:
                return place == str(source.path) and stamp == source.stamp
        return False

    def _stamp(self, place: str) -> tuple[int, int] | None:
        if not self._looking:
            return _stamp(place)
        if place not in self._seen:
            self._seen[place] = _stamp(place)
        return self._seen[place]


@lru_cache(maxsize=1000)
def _named(text: str, name: str, path: str) -> tuple[str, ...]:
    """Return the other files that a template names; its syntax alone is looked at, so any environment will do."""
    return tuple(other for other in find_referenced_templates(_SYNTAX.parse(text, name, path)) if other)


def _stamp(path: str) -> tuple[int, int] | None:
    """Return time and size of a file, None when there is none."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - a Path made for each look costs more than the look
    except (OSError, ValueError):
        return None
    return (facts.st_mtime_ns, facts.st_size) if stat.S_ISREG(facts.st_mode) else None
