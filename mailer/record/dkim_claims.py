"""What the DKIM signatures of a mail claim, before anything is asked or checked: by whom, under which name in the DNS.

A mail may claim anything; only names that a mail server could have are ever looked up (RFC 6376 §3.5, §3.6.2.1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.record.mail_fields import fields, without_comments

#: So many signatures of a mail are looked at, the topmost ones; honest mail has one to three.
MOST_SIGNATURES = 5
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAMES = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_QUOTED, _ANGLED = re.compile(r'"(?:[^"\\]|\\.)*"'), re.compile(r"<([^<>]*)>")
_MOST_OCTETS = 253  # of a name, RFC 1035 §2.3.4
_LAST = re.compile(r"(?=.*[a-z])[a-z0-9-]{2,63}")
#: Nobody's name in the public DNS (RFC 6761, 6762, 7686, 8375): asking would only tell strangers about this network.
_NOWHERE = frozenset({"arpa", "internal", "invalid", "lan", "local", "localdomain", "localhost", "onion"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One signature: its place among the mail's (from 1, topmost first), and whose it says it is.

    `name`: where its key is in the DNS, "" when it names none that may be asked for; then `problem` says why.
    `alignment`: see `alignment`.
    """

    number: int
    domain: str
    selector: str
    name: str
    problem: str
    alignment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The signatures looked at, how many there are, and the domain of the one address in From ("" when there is none).

    `from_domain` is "" also when there are several addresses, or several such fields.
    """

    from_domain: str
    signatures: tuple[Claim, ...]
    many: int


def claims(raw: bytes) -> Claims:
    """Return what the signatures of a mail claim; never raises for anything a mail may contain."""
    found = fields(raw)
    from_domain = _from_domain([value for name, value in found if name == "from"])
    values = [value for name, value in found if name == "dkim-signature"]
    few = values[:MOST_SIGNATURES]
    signatures = tuple(_claim(place, value, from_domain) for place, value in enumerate(few, start=1))
    return Claims(from_domain=from_domain, signatures=signatures, many=len(values))


def key_name(selector: str, domain: str) -> str:
    """Return the name under which a key is published, "" when it is none that may be asked for (RFC 6376 §3.6.2.1)."""
    name = f"{selector}._domainkey.{domain}"
    last = domain.rpartition(".")[2]
    is_name = _NAMES.fullmatch(selector) and _NAMES.fullmatch(domain) and len(name) <= _MOST_OCTETS
    is_public = "." in domain and _LAST.fullmatch(last) and last not in _NOWHERE and not domain.endswith(".home.arpa")
    return name if is_name and is_public else ""


def alignment(domain: str, from_domain: str) -> str:
    """Return how the signing domain stands to that of From: "exact", "parent" (above it), "below", or "other".

    No list of public suffixes is asked (RFC 7489 §3.2): "below" may be two customers of one provider of names.
    """
    if not domain or not from_domain:
        return "other"
    if domain == from_domain:
        return "exact"
    if from_domain.endswith(f".{domain}"):
        return "parent"
    return "below" if domain.endswith(f".{from_domain}") else "other"


def _claim(number: int, value: bytes, from_domain: str) -> Claim:
    tags = _tags(value)
    domain, selector = tags.get("d", ""), tags.get("s", "")
    name = key_name(selector, domain)
    return Claim(
        number=number,
        domain=domain if name else "",
        selector=selector if name else "",
        name=name,
        problem="" if name else "it names no domain and selector that could be looked up",
        alignment=alignment(domain, from_domain) if name else "other",
    )


def _tags(value: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in value.decode("ascii", "replace").split(";"):
        name, _, rest = tag.partition("=")
        found.setdefault(name.strip(), rest.strip().lower())
    return found


def _from_domain(values: Sequence[bytes]) -> str:
    """Return the domain of the only address there is; what only looks like one in a name or a comment is none."""
    if len(values) != 1:
        return ""
    text = _QUOTED.sub("", without_comments(values[0].decode("ascii", "replace")))
    angled = _ANGLED.findall(text)
    address = angled[0] if len(angled) == 1 else "" if angled else text
    local, at, domain = address.strip().lower().partition("@")
    is_one = at and "," not in text and not local.count(" ")
    return domain if is_one and _NAMES.fullmatch(domain) else ""
