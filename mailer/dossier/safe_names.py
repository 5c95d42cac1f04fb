"""File names from strangers, made safe on Windows, macOS and Linux, in an archive and in a manifest."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

#: Longest name in characters, and in UTF-8 bytes (file systems allow 255; archives add a little).
MAX_CHARACTERS = 120
MAX_BYTES = 200
#: An extension longer than this, or not of letters and digits, is part of the name.
_MAX_EXTENSION = 16
_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"}
    | {f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"}
)


def safe_names(names: Iterable[str], *, taken: Iterable[str] = ()) -> tuple[str, ...]:
    """Return one safe and, ignoring case, unique name per given name, in the same order.

    No path separators, control, format or bidi characters, no device names (CON, LPT1), no leading or trailing dots or
    blanks; at most 120 characters and 200 bytes. A double gets " (2)" before its extension. `taken` may not be used.
    """
    used = {name.casefold() for name in taken}
    result = []
    for name in names:
        stem, extension = _cleaned(name)
        candidate, count = _joined(stem, "", extension), 1
        while candidate.casefold() in used:
            count += 1
            candidate = _joined(stem, f" ({count})", extension)
        used.add(candidate.casefold())
        result.append(candidate)
    return tuple(result)


def _cleaned(name: str) -> tuple[str, str]:
    letters = "".join(_safe(letter) for letter in unicodedata.normalize("NFC", name))
    whole = " ".join(letters.split()).strip(". ")
    stem, dot, extension = whole.rpartition(".")
    if not dot or len(extension) > _MAX_EXTENSION or not extension.isalnum():
        stem, extension = whole, ""
    stem = stem.rstrip(". ") or "attachment"
    if stem.partition(".")[0].rstrip().upper() in _DEVICES:
        stem = f"_{stem}"
    return stem, extension and f".{extension}"


def _safe(letter: str) -> str:
    if letter in _FORBIDDEN:
        return "_"
    match unicodedata.category(letter)[0]:
        case "C":
            return "_"
        case "Z":
            return " "
        case _:
            return letter


def _joined(stem: str, mark: str, extension: str) -> str:
    """Return stem, mark and extension, the stem cut until the whole is short enough."""
    kept = stem[: MAX_CHARACTERS - len(mark) - len(extension)]
    while len((kept + mark + extension).encode()) > MAX_BYTES:
        kept = kept[:-1]
    return kept.rstrip(". ") + mark + extension
