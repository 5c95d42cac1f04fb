"""Damage to a mail as networks, servers and enemies do it; the same seed and number give the same mail for ever."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]

#: What parsers have stumbled over.
TOKENS = (
    b"\x00",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"=?",
    b"?=",
    b"=?utf-8?b?",
    b"=?x?q?=00?=",
    b"=?utf-7?q?+2AA-?=",
    b"=?idna?q?xn--?=",
    b"=?unicode_escape?q?=5Cud800?=",
    b"=?utf-8*en?q?=E2=80?=",
    b"<",
    b">",
    b'"',
    b"\\",
    b"(",
    b")",
    b"@",
    b"@@",
    b"<>",
    b";",
    b";;",
    b"; filename*0*=utf-8''%",
    b"; filename*=a'b",
    b"; charset*=x'y'z",
    b":",
    b"::",
    b"--",
    b"\r\n--",
    b"multipart/",
    b"message/rfc822",
    b"text/html",
    b"<!--",
    b"]]>",
    b"&#xd800;",
    b"&#0;",
    b"&#99999999999;",
    b"Content-Type: ",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Date: Wed, 99 Xxx 99999 99:99:99 +9999\r\n",
    b"+99999999",
    b"From: a@b.example, c@d.example\r\n",
    b"Group: a@b.example;",
    b"undisclosed-recipients:;",
    b"32.13.2026",
    b"0.0.0000",
    b"99999999999999999999",
    b"1.2.3.4.5.6.7.8.9",
    b"EUR 1.000.000.000.000,00",
    b"29.02.2027",
    b"\xc2\xa0",
    b"\xe2\x80\xa8",
)
CHARSETS = (
    b"utf-8",
    b"utf-16",
    b"utf-32",
    b"utf-7",
    b"iso-2022-kr",
    b"iso-2022-jp",
    b"hz",
    b"big5",
    b"x-unknown",
    b"",
    b"idna",
    b"\xff",
    b"punycode",
    b"unicode_escape",
    b"zip",
    b"base64",
    b"rot13",
    b"hex",
    b"uu",
    b"undefined",
    b"mbcs",
    b"utf-8-sig",
    b"cp037",
    b"../../etc/passwd",
    b"a" * 500,
    b"ansi_x3.110-1983",
    b"string-escape",
    b"utf\x008",
)
_CHARSET = re.compile(rb"(?i)charset=\"?([^\s;\"]*)|=\?([^?\s]+)\?")
_BOUNDARY = re.compile(rb"(?i)boundary=\"?([^\s;\"]+)")


def mutant(number: int, seeds: Sequence[bytes], *, rng_seed: int) -> bytes:
    """The mail of that number: one seed with one to five kinds of damage."""
    rng = random.Random(f"{rng_seed}:{number}")  # noqa: S311 - repeatable on purpose
    mail = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 5)):
        rng.choices(list(MUTATIONS), weights=list(MUTATIONS.values()))[0](rng, mail, seeds)
    return bytes(mail)


def _place(rng: random.Random, mail: bytearray) -> int:
    """A place, mostly in the headers, where most of what is fragile stands."""
    head = mail.find(b"\n\n") if b"\n\n" in mail else mail.find(b"\r\n\r\n")
    return rng.randint(0, head if head > 0 and rng.random() < 0.5 else len(mail))


def _flip(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    for _time in range(rng.randint(1, 20) if mail else 0):
        mail[min(_place(rng, mail), len(mail) - 1)] ^= 1 << rng.randint(0, 7)


def _truncate(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    del mail[_place(rng, mail) :]


def _remove(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    start = _place(rng, mail)
    del mail[start : start + rng.randint(1, 200)]


def _splice(rng: random.Random, mail: bytearray, seeds: Sequence[bytes]) -> None:
    other = rng.choice(seeds)
    start = rng.randint(0, len(other))
    place = _place(rng, mail)
    mail[place:place] = other[start : start + rng.randint(1, 2_000)]


def _double_header(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    lines = bytes(mail[:4_000]).splitlines(keepends=True)
    line = rng.choice(lines) if lines else b"From: a@b.example\r\n"
    mail[0:0] = line * rng.choice((1, 1, 2, 50))


def _token(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    for _time in range(rng.randint(1, 4)):
        place = _place(rng, mail)
        mail[place:place] = rng.choice(TOKENS)


def _charset(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    hits = list(_CHARSET.finditer(bytes(mail)))
    if hits:
        hit = rng.choice(hits)
        start, end = hit.span(1 if hit[1] is not None else 2)
        mail[start:end] = rng.choice(CHARSETS)


def _boundary(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    hits = list(_BOUNDARY.finditer(bytes(mail)))
    if hits:
        start, end = rng.choice(hits).span(1)
        instead = (b"", b"-", b"--", b"b" * 300, b"a b", b"\xff", bytes(mail[start : end - 1]), b"=?utf-8?q?x?=", b"(")
        mail[start:end] = rng.choice(instead)


def _line_ends(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    instead = rng.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b"\x85", b"\x0b", b"\x0c", b"\r\n "))
    plain = bytes(mail).replace(b"\r\n", b"\n")
    if rng.random() < 0.5:
        mail[:] = plain.replace(b"\n", instead)
    else:
        lines = plain.split(b"\n")
        mail[:] = b"".join(line + (instead if rng.random() < 0.1 else b"\r\n") for line in lines)


def _long(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    place = _place(rng, mail)
    unit = rng.choice((*TOKENS, bytes(mail[place : place + rng.randint(1, 40)]))) or b" "
    mail[place:place] = unit * (rng.choice((300, 3_000, 30_000)) // len(unit))


def _encoding(rng: random.Random, mail: bytearray, _: Sequence[bytes]) -> None:
    kinds = (b"base64", b"quoted-printable", b"7bit", b"8bit", b"x-uuencode", b"uuencode", b"binary", b"?", b"BASE64 ")
    for kind in rng.sample(kinds[:3], 3):
        place = bytes(mail).lower().find(kind)
        if place >= 0:
            mail[place : place + len(kind)] = rng.choice(kinds)
            return


#: Each kind with its weight.
MUTATIONS: dict[Mutation, int] = {
    _flip: 4,
    _truncate: 2,
    _remove: 3,
    _splice: 3,
    _double_header: 2,
    _token: 6,
    _charset: 4,
    _boundary: 3,
    _line_ends: 2,
    _long: 1,
    _encoding: 2,
}
