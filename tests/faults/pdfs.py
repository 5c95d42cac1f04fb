"""PDFs written by hand: an honest one, and those made to cost time, memory or the stack of whoever reads them."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence

from pypdf import PdfReader, PdfWriter

_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources %s >>"
_RESOURCES = b"<< /Font << /F1 4 0 R >> >>"


def pdf(text: str, *, pages: int = 1) -> bytes:
    """Return a PDF whose pages all have these lines (Windows-1252)."""
    return _with_content(_shown(text), pages=pages)


def encrypted(text: str, password: str) -> bytes:
    """Return a PDF encrypted with a password; "" is what forbids changes and lets everybody read."""
    writer, written = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(text)))), io.BytesIO()
    writer.encrypt(password, "the owner's", algorithm="AES-256")
    writer.write(written)
    return written.getvalue()


def _shown(text: str) -> bytes:
    lines = text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)").split(b"\n")
    return b"BT /F1 11 Tf 14 TL 50 790 Td\n" + b"".join(b"(%s) Tj T*\n" % line for line in lines) + b"ET\n"


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def _objects(objects: Sequence[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    return out + head + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))


def _with_content(content: bytes, entries: bytes = b"", *, pages: int = 1) -> bytes:
    kids = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * pages, pages)
    return _objects([_CATALOG, kids, _PAGE % _RESOURCES, _FONT, _stream(content, entries)])


def _forms_in_forms(levels: int) -> bytes:
    """Ten drawings of a form that draws ten of the next one: some kilobytes, 10^levels drawings."""
    resources = b"<< /Font << /F1 4 0 R >> /XObject << /X %d 0 R >> >>"
    kids = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    forms = [
        _stream(b"/X Do " * 10, b"/Type /XObject /Subtype /Form /Resources " + resources % (7 + level))
        for level in range(levels)
    ]
    last = _stream(_shown("end"), b"/Type /XObject /Subtype /Form /Resources " + _RESOURCES)
    return _objects([_CATALOG, kids, _PAGE % (resources % 6), _FONT, _stream(b"/X Do " * 10), *forms, last])


def _twice_packed(size: int) -> bytes:
    packed = zlib.compress(zlib.compress(b" " * size, 9), 9)
    return _with_content(packed, b"/Filter [/FlateDecode /FlateDecode]")


#: By what they are, with the part of their flaw that says so; made when asked for.
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "encrypted": (lambda: encrypted("INV-1", "secret"), "encrypted"),
    "truncated": (lambda: pdf("INV-1")[:300], "broken"),
    "nothing but its mark": (lambda: b"%PDF-", "broken"),
    "no words": (lambda: pdf(""), "no text"),
    "noise": (lambda: b"%PDF-1.7\n" + bytes(range(256)) * 400, "broken"),
    "a tree of pages that holds itself": (
        lambda: _objects([_CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"]),
        "broken",
    ),
    "10,000 pages": (lambda: pdf("INV-1", pages=10_000), "only its beginning"),
    "100,000 brackets": (lambda: _objects([_CATALOG, b"[" * 100_000 + b"]" * 100_000]), "broken"),
    "100 MB, packed twice": (lambda: _twice_packed(100_000_000), "broken"),
}

#: Within what the library allows, and seconds or years of work for it.
ENDLESS: dict[str, Callable[[], bytes]] = {
    "50 kB that unpack to 50 MB": lambda: _with_content(
        zlib.compress(_shown("INV-1") + b" " * 50_000_000, 9), b"/Filter /FlateDecode"
    ),
    "forms in forms": lambda: _forms_in_forms(40),
}
