"""The text that is kept of a mail's signatures and goes into its case file: ASCII, one fact a line.

Its SHA-256 stands in the event `mail.authenticated`. What strangers wrote is shown with everything odd as "?", and key
records in base64 besides, byte for byte.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailer.record.dkim_values import CheckedSignature, Verdict

_HEAD = """\
THE DKIM SIGNATURES OF A MAIL (RFC 6376), AND WHAT THEY WERE WORTH WHEN THEY WERE LOOKED AT
#
# A signature that holds shows that a mail server of the signing domain vouched for these header fields and this body
# when the mail was sent. It does not show who typed it. One that fails shows little: gateways and lists break honest
# ones. The key is the one that the DNS gave at dns-asked-at: it may be gone now.
"""
_HOW = """\
#
# TO CHECK SIGNATURE {number} AGAIN, WITHOUT ANY NETWORK: with Python 3 and dkimpy (python3 -m pip install dkimpy;
# where its a= says ed25519: dkimpy[ed25519]). This {prints}. MAIL: the .eml with the SHA-256 above
# (sha256sum data/eml/*.eml shows it); THIS: this file.
#
#   sed -n 's/^{number} txt-base64: //p' THIS | base64 -d > KEY
#   python3 -c 'import dkim,sys; mail,key=(open(n,"rb").read() for n in sys.argv[1:]);
#   print(dkim.DKIM(mail).verify(idx={place}, dnsfunc=lambda name, timeout=5: key))' MAIL KEY
"""
#: What dkimpy comes to; of what we refuse for other reasons it may think otherwise.
_PRINTS = {Verdict.PASS: "prints True", Verdict.FAIL: "prints False or body hash mismatch"}
_EXPIRES = "#\n# It is no longer valid today if it has an x= tag that has passed: faketime '{at}' before python3.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """What is kept of a mail's signatures. `sha256`: of the mail, hex; all moments aware UTC.

    `received_at`: the moment that the signatures were checked for; `many`: how many there are, `signatures` those that
    were looked at; `results`: what our own server said, one result a line; `attempt`: from 1.
    """

    sha256: str
    received_at: datetime
    checked_at: datetime
    attempt: int
    tool: str
    from_domain: str
    verdict: Verdict
    reason: str
    many: int
    signatures: tuple[CheckedSignature, ...]
    results: tuple[str, ...]


def text_of(one: Authentication) -> bytes:
    """Return the text, the same for the same values; lines end in LF, every byte is ASCII."""
    lines = [
        f"mail-sha256: {one.sha256}",
        f"received-at: {_moment(one.received_at)}",
        f"checked-at: {_moment(one.checked_at)}",
        f"attempt: {one.attempt}",
        f"checked-by: {one.tool}",
        f"from-domain: {one.from_domain}",
        f"verdict: {one.verdict.value}",
        f"reason: {one.reason}",
        f"signatures: {one.many}, of which {len(one.signatures)} were looked at",
        *(f"authentication-results: {words}" for words in one.results),
        *(line for signature in one.signatures for line in _lines(signature)),
    ]
    usable = [signature for signature in one.signatures if signature.verdict in _PRINTS]
    how = "".join(
        _HOW.format(number=each.number, place=each.number - 1, prints=_PRINTS[each.verdict]) for each in usable
    )
    end = how + _EXPIRES.format(at=one.received_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")) if usable else ""
    return (_HEAD + "".join(f"{_plain(line)}\n" for line in lines) + end).encode("ascii")


def _lines(one: CheckedSignature) -> Iterator[str]:
    facts: Sequence[tuple[str, str]] = (
        ("domain", one.domain),
        ("selector", one.selector),
        ("verdict", one.verdict.value),
        ("reason", one.reason),
        *(("but", words) for words in one.weak),
        ("domain-and-from", one.alignment),
        ("dns-name", one.name),
        ("dns-server", one.resolver),
        ("dns-asked-at", _moment(one.asked_at) if one.asked_at else ""),
        ("txt", one.record.decode("latin-1")),
        ("txt-base64", base64.b64encode(one.record).decode()),
    )
    for name, value in facts:
        yield f"{one.number} {name}: {value}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(line: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in line)
