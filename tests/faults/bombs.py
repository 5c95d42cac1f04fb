"""Mails made to cost memory, time or the stack: honest-looking, and ruinous to a parser without caps."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable

FROM = (
    b"From: Bomb <bomb@hostile.example>\r\nTo: accounts@brightwater.example\r\nMessage-ID: <bomb@hostile.example>\r\n"
)


def _nested_multiparts(levels: int) -> bytes:
    part = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n'
    return FROM + b"MIME-Version: 1.0\r\n" + b"".join(part % (level, level) for level in range(levels)) + b"\r\nhello"


def _base64(size: int) -> bytes:
    line = base64.b64encode(bytes(range(57))) + b"\r\n"
    head = (
        b'MIME-Version: 1.0\r\nContent-Type: application/pdf; name="x.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return FROM + head + line * (size // len(line))


def _parts(count: int) -> bytes:
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    return FROM + head + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * count + b"--b--\r\n"


def _zip_of_zips(levels: int = 5, each: int = 16) -> bytes:
    """Like 42.zip: some kilobytes that would unpack to 16^5 files of zeros."""
    inner = bytes(1_000_000)
    for level in range(levels):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(each):
                archive.writestr(f"{level}-{number}.zip", inner)
        inner = packed.getvalue()
    head = (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nsee attachment\r\n--b\r\n'
        b'Content-Type: application/zip; name="42.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return FROM + head + base64.encodebytes(inner).replace(b"\n", b"\r\n") + b"--b--\r\n"


def _html(source: bytes) -> bytes:
    return FROM + b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + source


def _many(count: int, part: bytes) -> bytes:
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    return FROM + head + (b"--b\r\n" + part + b"\r\n") * count + b"--b--\r\n"


#: By what they are; made when asked for, since some are large.
BOMBS: dict[str, Callable[[], bytes]] = {
    "16,000 encoded words": lambda: FROM + b"Subject: " + b"\r\n ".join([b"=?utf-8?q?a?="] * 16_000) + b"\r\n\r\nhi",
    "100,000 parts": lambda: _parts(100_000),
    "1,600 nested multiparts": lambda: _nested_multiparts(1_600),
    "3,000 nested messages": lambda: FROM + b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + b"\r\nhello",
    "10,000 brackets in From": lambda: b"From: " + b"(" * 10_000 + b"\r\nTo: a@b.example\r\n\r\nhi",
    "16,000 parameters": lambda: (
        FROM
        + b"Content-Type: text/plain"
        + b"".join(b";\r\n x%d*0*=utf-8''y" % n for n in range(16_000))
        + b"\r\n\r\nhi"
    ),
    "8,000 addresses": lambda: (
        FROM + b"Cc: " + b",\r\n ".join(b'"N %d" <n%d@many.example>' % (n, n) for n in range(8_000)) + b"\r\n\r\nhi"
    ),
    "50 MB of base64": lambda: _base64(50_000_000),
    "50 MB of quoted-printable": lambda: (
        FROM
        + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + b"=\r\n" * 16_000_000
    ),
    "10 MB in one line": lambda: FROM + b"\r\n" + b"a" * 10_000_000,
    "10 MB in one line of words": lambda: FROM + b"\r\n" + b"we pay 100 on friday " * 500_000,
    "50,000 nested div": lambda: _html(b"<div>" * 50_000 + b"hi" + b"</div>" * 50_000),
    "5 MB of nested quotes": lambda: _html(b"<blockquote type=cite><p>a" * 200_000),
    "zip 42": _zip_of_zips,
    "40 HTML parts of 1 MB": lambda: _many(40, b"Content-Type: text/html\r\n\r\n" + b"<p>a</p>" * 120_000),
    "2,000 parts with 8 KB of parameters": lambda: _many(
        2_000, b"Content-Type: text/plain" + b";x=y" * 2_000 + b"\r\n\r\nhi"
    ),
    "500 names in 400,000 unknown charsets": lambda: _many(
        500,
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="
        b'"' + b" ".join(b"=?x%d?q?a?=" % n for n in range(800)) + b'"\r\n\r\nx',
    ),
    "64 KB of spaces in headers": lambda: (
        FROM + b"".join(b"Received: a" + b" " * 8_000 + b"b\r\n" for _ in range(40)) + b"\r\nhi"
    ),
    "nested messages behind long spaces": lambda: (
        FROM + (b"Content-Type:" + b" " * 30 + b"message/rfc822\r\n\r\n") * 3_000 + b"\r\nhello"
    ),
    "a tag of 5 MB": lambda: _html(b"<div " + b"class='" * 700_000),
}
