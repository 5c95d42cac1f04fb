"""The few bytes of RFC 3161 that are read and written here: DER, by hand, as far as it goes without a signature."""

from __future__ import annotations

from typing import NamedTuple

_SEQUENCE, _INTEGER, _UTF8, _CERTIFICATES = 0x30, 0x02, 0x0C, 0xA0
#: version 1, then MessageImprint: SHA-256 (2.16.840.1.101.3.4.2.1, no parameters but NULL) and 32 bytes to follow.
_BEFORE = bytes.fromhex("0201013031300d060960864801650304020105000420")
_CERT_REQ = bytes.fromhex("0101ff")
_GRANTED_WITH_MODS, _LAST_STATUS = 1, 5
_SHORT = 0x80
_STATUS = ("granted", "granted with modifications", "rejection", "waiting", "revocation warning", "revoked")


class Element(NamedTuple):
    """One element of DER: its tag, where it begins, where its content begins, where it ends."""

    tag: int
    begin: int
    body: int
    end: int


def asked(digest: bytes, nonce: int) -> bytes:
    """Return a TimeStampReq (RFC 3161 §2.4.1) for a SHA-256; `nonce` is at least 0 and has at most 64 bits."""
    number = nonce.to_bytes(nonce.bit_length() // 8 + 1, "big")
    content = _BEFORE + digest + bytes((_INTEGER, len(number))) + number + _CERT_REQ
    return bytes((_SEQUENCE, len(content))) + content


def refusal(answer: bytes) -> str | None:
    """Return the words of an answer that brings no stamp, None when it brings one or is no answer at all."""
    try:
        status, *token = _children(answer, _only(answer))
        code, *words = _children(answer, status)
    except ValueError:
        return None
    value = int.from_bytes(answer[code.body : code.end], "big")
    if token or status.tag != _SEQUENCE or code.tag != _INTEGER or not _GRANTED_WITH_MODS < value <= _LAST_STATUS:
        return None
    texts = [answer[one.body : one.end] for each in words for one in _texts(answer, each)]
    said = " ".join(text.decode("utf-8", "replace") for text in texts)
    shown = "".join(letter if letter.isprintable() else " " for letter in said)[:160]
    return f"{_STATUS[value]}, {shown}" if shown else _STATUS[value]


def tidied(answer: bytes) -> bytes:
    """Return the answer with its certificates in the order of DER and its status plain; neither is signed."""
    try:
        status, content = _children(answer, _only(answer))
        code = _children(answer, status)[0]
        _, explicit = _children(answer, content)
        (signed,) = _children(answer, explicit)
        held = [one for one in _children(answer, signed) if one.tag == _CERTIFICATES]
        sets = [(one, sorted(answer[each.begin : each.end] for each in _children(answer, one))) for one in held]
    except ValueError:
        return answer
    copy = bytearray(answer)
    if answer[code.body : code.end] == bytes((_GRANTED_WITH_MODS,)):
        copy[code.body] = 0
    for one, ordered in sets:
        copy[one.body : one.end] = b"".join(ordered)
    return bytes(copy)


def _texts(raw: bytes, element: Element) -> list[Element]:
    return [one for one in _children(raw, element) if one.tag == _UTF8] if element.tag == _SEQUENCE else []


def _only(raw: bytes) -> Element:
    element = _element(raw, 0, len(raw))
    if element.tag != _SEQUENCE or element.end != len(raw):
        raise ValueError("not one sequence")
    return element


def _children(raw: bytes, parent: Element) -> list[Element]:
    """Return what is in an element, at least one. Raises ValueError when it is not made of elements."""
    found, at = [], parent.body
    while at < parent.end:
        found.append(one := _element(raw, at, parent.end))
        at = one.end
    if not found:
        raise ValueError("nothing in it")
    return found


def _element(raw: bytes, at: int, end: int) -> Element:
    if at + 2 > end:
        raise ValueError("cut off")
    length, body = raw[at + 1], at + 2
    if length >= _SHORT:
        many = length - _SHORT
        length, body = int.from_bytes(raw[body : body + many], "big"), body + many
        if not many or body > end:
            raise ValueError("a length that is not definite")
    if body + length > end:
        raise ValueError("longer than what it is in")
    return Element(raw[at], at, body, body + length)
