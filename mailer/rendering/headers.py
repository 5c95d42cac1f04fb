"""The guard in front of every header, and headers in their wire form.

Python's own guard is not enough: up to 3.11.9 a subject with the encoded word for a newline is written out as a second
header (CVE-2024-6923). So nothing that is, or decodes to, a control character passes here.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from email.charset import Charset
from email.errors import HeaderParseError
from email.header import Header, decode_header
from email.utils import quote

#: C0, DEL and C1 (U+0085 among them), line and paragraph separators, lone surrogates, which no charset can write.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9.:\[\]-]+")
_MESSAGE_ID = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_OWN_FIELD_NAME = re.compile(r"X-[A-Za-z0-9-]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
#: Atoms that need no encoding and cannot be taken for an encoded word.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+( [A-Za-z0-9]+)*")
#: RFC 5321 §4.5.3.1.3.
_MAX_ADDRESS = 254
#: Ids are never folded; with the header's name they stay well under the 998 of RFC 5322 §2.1.1.
_MAX_ID = 250
#: RFC 5322 §2.1.1 recommends 78; ASCII words longer than this are encoded, since folding cannot break them.
_FOLD_AT = 76
_LONG_WORD = 200


class HeaderRefused(ValueError):
    """A header value holds something that could end the header or start another; `header` names it, never its text."""

    def __init__(self, header: str, reason: str) -> None:
        self.header = header
        super().__init__(f"the header {header} is refused: {reason}")


def utf8() -> Charset:
    """Return UTF-8 with the shorter of quoted-printable and base64."""
    return Charset("utf-8")


def guarded(header: str, value: str) -> str:
    """Return the value unchanged, or raise HeaderRefused when it is, or decodes to, more than one clean line."""
    if has_control(value):
        raise HeaderRefused(header, "it holds a control character or a line break")
    try:
        parts = decode_header(value)
    except (HeaderParseError, Base64Error, ValueError) as error:
        raise HeaderRefused(header, "it holds an encoded word that cannot be decoded") from error
    for part, charset in parts:
        decoded = part if isinstance(part, str) else _decoded(header, part, charset)
        if has_control(decoded):
            raise HeaderRefused(header, "it holds an encoded control character or line break")
    return value


def has_control(text: str) -> bool:
    """Return whether a text holds a control character, a line or paragraph separator, or a lone surrogate."""
    return _FORBIDDEN.search(text) is not None


def text_header(header: str, value: str) -> Header | str:
    """Return unstructured text such as a subject (RFC 5322 §3.6.5), in encoded words where it needs them (RFC 2047)."""
    guarded(header, value)
    has_edge = value != value.strip()  # readers drop blanks at the ends, unless they are encoded
    if value.isascii() and len(f"{header}: {value}") <= _FOLD_AT and "=?" not in value and not has_edge:
        return value  # folding would change nothing
    return Header(value, utf8() if has_edge else _charset_for(value), maxlinelen=_FOLD_AT, header_name=header)


def mailbox_header(header: str, name: str, address: str) -> Header | str:
    """Return `Name <address>` (RFC 5322 §3.4); the name is quoted or encoded as needed, "" for the address alone."""
    guarded(header, name)
    checked = checked_address(header, address)
    if _PLAIN_NAME.fullmatch(name):
        if len(f"{header}: {name} <{checked}>") <= _FOLD_AT:
            return f"{name} <{checked}>"  # folding would change nothing
        if max(len(f"{header}: {name}"), len(f" <{checked}>")) <= _FOLD_AT:
            return f"{name}\n <{checked}>"  # the one place where it can be folded
    folded = Header(maxlinelen=_FOLD_AT, header_name=header)
    if not name:
        folded.append(checked, "us-ascii")
        return folded
    charset = _charset_for(name)
    plain = isinstance(charset, str)
    folded.append(name if not plain or _ATOMS.fullmatch(name) else f'"{quote(name)}"', charset)
    folded.append(f"<{checked}>", "us-ascii")
    return folded


def checked_address(header: str, address: str) -> str:
    """Return an ASCII address of the plain form local@domain unchanged, or raise HeaderRefused."""
    if len(address) > _MAX_ADDRESS or not _ADDRESS.fullmatch(address):
        raise HeaderRefused(header, "the address is not of the plain form name@domain in ASCII, 254 characters at most")
    return address


def bracketed_id(header: str, value: str) -> str:
    """Return an id in angle brackets (RFC 5322 §3.6.4), given with or without them, or raise HeaderRefused."""
    bare = value[1:-1] if value.startswith("<") and value.endswith(">") else value
    if len(bare) > _MAX_ID or not _MESSAGE_ID.fullmatch(bare):
        raise HeaderRefused(header, "an id is not of the form left@right in printable ASCII, 250 characters at most")
    return f"<{bare}>"


def own_field_name(name: str) -> str:
    """Return the name of a header of our own (X- and letters, digits, hyphens) unchanged, or raise HeaderRefused.

    No other name: Bcc, Sender or Content-Type would change whom a message reaches or how it is read.
    """
    if not _OWN_FIELD_NAME.fullmatch(name):
        raise HeaderRefused("(further)", "its name is not X- followed by letters, digits and hyphens")
    return name


def _decoded(header: str, part: bytes, charset: str | None) -> str:
    try:
        return part.decode(charset or "latin-1", errors="replace")
    except LookupError as error:
        raise HeaderRefused(header, "it holds an encoded word in an unknown charset") from error


def _charset_for(value: str) -> Charset | str:
    """Return us-ascii when the text can stand as it is; not when it looks like an encoded word, or cannot be folded."""
    longest = max((len(word) for word in value.split(" ")), default=0)
    return "us-ascii" if value.isascii() and "=?" not in value and longest <= _LONG_WORD else utf8()
