"""Header values as text, addresses and message ids (RFC 5322 §3.4, RFC 2047), in linear time and without raising.

The standard library's structured header parser is quadratic and its address parser has been wrong more than once
(CVE-2023-27043), differently in each Python; a few tokens decide who a mail is from, so they are read here.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re

#: Codecs that are no charsets of mail, or slow on purpose.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})
_LINE_ENDS = re.compile(r"[\r\n]+")
_ENCODED_WORD = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?\s]{0,4000})\?=")
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u200b-\u200f\u00ad\u2028\u2029\ud800-\udfff]")
_ODD_SPACES = re.compile("[\u00a0\u2007\u202f\u2002\u2003\u2009]")
_ADDRESS_TOKEN = re.compile(r'"(?:[^"\\]|\\.){0,300}"|\([^()]*\)|<[^<>]*>|[,;]|[^",;<(]+|.', re.DOTALL)
_ADDRESS = re.compile(r"[^\s<>\"(),;:\[\]\\@]{1,200}@[^\s<>\"(),;:\\@]{1,255}")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")


def text_of(content: bytes, charset: str | None) -> str:
    """Return bytes as text in the charset claimed, else UTF-8, else Windows-1252; never raises."""
    for name in (charset, "utf-8"):
        if not name or name.lower().replace("-", "_") in _NO_CHARSETS:
            continue
        try:
            return content.decode(codecs.lookup(name.strip()).name)
        except (LookupError, ValueError):  # UnicodeError is a ValueError; so is a name with a NUL
            continue
    return content.decode("cp1252", "replace")


def clean(text: str) -> str:
    """Return text without control characters, invisible marks and lone surrogates; odd spaces become plain ones."""
    if text.isascii() and text.isprintable():
        return text
    return _ODD_SPACES.sub(" ", _NO_TEXT.sub("", text))


def decoded(value: str) -> str:
    """Return an unfolded header value with its encoded words (RFC 2047) and raw 8-bit bytes as text."""
    is_folded = "\n" in value or "\r" in value
    flat = " ".join([line.strip(" \t") for line in _LINE_ENDS.split(value)]).strip() if is_folded else value.strip()
    if not flat.isascii():
        flat = text_of(flat.encode("utf-8", "surrogateescape"), None)
    if "=?" not in flat:
        return clean(flat)
    pieces: list[str] = []
    pending: tuple[str, bytes] = ("", b"")
    position = 0
    for word in _ENCODED_WORD.finditer(flat):
        between = flat[position : word.start()]
        charset, content = word[1].lower(), _word_bytes(word[2], word[3])
        if pending[0] != charset or between.strip():
            pieces.append(text_of(pending[1], pending[0]))
            pieces.append(between if between.strip() or position == 0 else "")
            pending = (charset, b"")
        # A character may be split over two words of one charset: bytes are joined before they are decoded.
        pending = (charset, pending[1] + content)
        position = word.end()
    pieces += [text_of(pending[1], pending[0]), flat[position:]]
    return clean("".join(pieces))


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw.replace(b"_", b" "), header=False)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return raw


def addresses(value: str) -> tuple[tuple[str, str], ...]:
    """Return (display name, lower-case address) for each mailbox of an address header; broken ones are left out."""
    found: list[tuple[str, str]] = []
    names: list[str] = []
    angle = ""
    flat = re.sub(r"[\r\n]+[ \t]*", " ", value)
    for token in [*_ADDRESS_TOKEN.findall(flat), ","]:
        if token in {",", ";"}:
            bare = " ".join(names)
            address = _ADDRESS.search(angle or bare)
            if address:
                name = decoded(bare.replace('\\"', '"')).strip(" \"'") if angle else ""
                found.append((name, clean(address[0]).lower()))
            names, angle = [], ""
        elif token.startswith("<") and token.endswith(">"):
            angle = token
        elif not token.startswith("("):
            names.append(token.strip())
    return tuple(found)


def message_ids(value: str) -> tuple[str, ...]:
    """Return the message ids of a header, without angle brackets, each once, in order (RFC 5322 §3.6.4)."""
    ids = _MESSAGE_ID.findall(value) or [word for word in re.split(r"[\s,]+", value) if "@" in word]
    return tuple(dict.fromkeys(clean(one.strip("<>")) for one in ids[:200]))
