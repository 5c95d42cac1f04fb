"""What a DKIM signature is worth: of bytes only, whatever a stranger wrote into mail and key."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dkim.canonicalization import CanonicalizationPolicy

from mailer.record.dkim_check import judged
from mailer.record.dkim_claims import alignment, claims, key_name
from mailer.record.dkim_text import Authentication, text_of
from mailer.record.dkim_values import CheckedSignature, Judged, Verdict, best
from tests.core.record.signed import AT, MAIL, Signer, key_of, signer

NOW = int(AT.timestamp())


def judge(raw: bytes, record: bytes, *, at: int = NOW, who: Signer | None = None) -> Judged:
    return judged(raw, 1, (who or signer()).name, record, at=at)


def tampered(old: str, new: str) -> bytes:
    """A mail whose signature says something else than was signed."""
    raw = signer().sign()
    assert old.encode() in raw
    return raw.replace(old.encode(), new.encode(), 1)


def test_a_signature_holds_at_any_time_with_its_key() -> None:
    raw = signer().sign()
    assert judge(raw, signer().record) == Judged(verdict=Verdict.PASS)
    assert judge(raw, signer().record, at=NOW + 20 * 365 * 86_400).verdict is Verdict.PASS
    assert judge(raw.replace(b"\r\n", b"\n"), signer().record).verdict is Verdict.PASS  # as some stores keep them


def test_what_was_changed_fails() -> None:
    raw, record = signer().sign(), signer().record
    assert judge(raw + b"and INV-2\r\n", record).verdict is Verdict.FAIL
    assert judge(raw.replace(b"Friday", b"Monday"), record).reason == "the body is not the one that was signed"
    assert judge(raw.replace(b"Re: INV-1", b"Re: INV-2"), record).verdict is Verdict.FAIL
    assert judge(b"From: x@evil.example\r\n" + raw, record).verdict is Verdict.FAIL
    other = replace(signer(), pem=key_of(1024)[0], public=key_of(1024)[1])
    assert judge(raw, other.record).verdict is Verdict.FAIL


def test_only_its_header_was_fetched() -> None:
    raw = signer().sign()
    assert judge(raw[: raw.index(b"\r\n\r\n") + 4], signer().record).verdict is Verdict.NEUTRAL


def test_what_is_worth_less_is_said() -> None:
    raw = signer().sign(length=True) + b"PAID IN FULL\r\n"
    found = judge(raw, signer().record + b"; t=y")
    assert found.verdict is Verdict.PASS
    assert [one[:20] for one in found.weak] == ["it covers only the b", "the domain calls its"]
    short = signer(bits=1024)
    assert judge(short.sign(), short.record).weak == ("a key of 1024 bits is short",)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("v=1", "v=2", "tags"),
        ("a=rsa-sha256", "a=rsa-sha1", "SHA-1"),
        ("a=rsa-sha256", "a=ed25519-sha256", "another kind"),
        ("d=alder.example", "d=other.example", "tags"),
        ("s=s1", "s=s2", "another name"),
        ("t=", "t=x", "no moment"),
        ("t=", "t=9", "after the mail came"),
        ("t=", "x=1; t=", "expired"),
        ("bh=", "bh=!", "tags"),
        ("c=relaxed/simple", "c=odd/odd", "cannot be read"),
        ("v=1;", "v=1; v=1;", "cannot be read"),
    ],
)
def test_broken_signatures_are_no_use_and_say_why(old: str, new: str, why: str) -> None:
    found = judge(tampered(old, new), signer().record)
    assert (found.verdict, why in found.reason) == (Verdict.PERMERROR, True), found


def test_from_must_be_signed() -> None:
    raw = re.sub(rb"h=[^;]*;", b"h=to : subject;", signer().sign(), count=1)
    assert judge(raw, signer().record).reason == "it does not sign From"


def test_expiry_counts_when_the_mail_came() -> None:
    late = tampered("t=", f"x={NOW + 7200}; t=")
    assert judge(late, signer().record).verdict is Verdict.FAIL  # for the header was changed, not for its age
    assert "expired" in judge(late, signer().record, at=NOW + 20_000).reason


def _huge_exponent() -> bytes:
    modulus = (1 << 2047) + 1
    numbers = b"".join(b"\x02\x82" + len(one).to_bytes(2, "big") + one for one in (
        modulus.to_bytes(257, "big"), ((1 << 4000) + 1).to_bytes(501, "big")))  # fmt: skip
    return b"\x30\x82" + len(numbers).to_bytes(2, "big") + numbers


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"", "no DKIM key"),
        (b"v=spf1 -all", "no DKIM key"),
        (b"v=DKIM2; p=AAAA", "no DKIM key"),
        (b"nonsense", "broken"),
        (b"v=DKIM1; p=", "revoked"),
        (b"v=DKIM1; k=ed25519; p=AAAA", "another kind"),
        (b"v=DKIM1; h=sha1; p=AAAA", "SHA-256"),
        (b"v=DKIM1; s=chat; p=AAAA", "not for mail"),
        (b"v=DKIM1; p=!!", "base64"),
        (b"v=DKIM1; p=AAAA", "cannot be read"),
        (b"p=" + base64.b64encode(_huge_exponent()), "is not taken"),
        (b"p=" + b"A" * 100_000, "base64"),
    ],
)
def test_keys_that_cannot_be_used_say_why(record: bytes, why: str) -> None:
    found = judge(signer().sign(), record)
    assert (found.verdict, why in found.reason) == (Verdict.PERMERROR, True), found


@pytest.mark.parametrize("bits", [512, 8192])
def test_keys_of_odd_sizes_are_not_taken(bits: int) -> None:
    octets = bits // 8 + 1
    modulus = b"\x02\x82" + octets.to_bytes(2, "big") + ((1 << bits) - 1).to_bytes(octets, "big")
    numbers = modulus + b"\x02\x03\x01\x00\x01"
    key = b"\x30\x82" + len(numbers).to_bytes(2, "big") + numbers
    assert f"{bits} bits" in judge(signer().sign(), b"p=" + base64.b64encode(key)).reason


def test_a_key_for_the_domain_alone_is_not_for_its_subdomains() -> None:
    raw = signer().sign(identity="x@mail.alder.example")
    assert judge(raw, signer().record).verdict is Verdict.PASS
    assert "t=s" in judge(raw, signer().record + b"; t=s").reason
    assert judge(signer().sign(), signer().record + b"; t=s").verdict is Verdict.PASS


def _by_ed25519(key: Ed25519PrivateKey, body: bytes) -> bytes:
    """A mail signed as RFC 8463 has it, by hand: dkimpy needs another library for that."""
    bh = base64.b64encode(hashlib.sha256(body).digest()).decode()
    tags = f"v=1; a=ed25519-sha256; c=relaxed/simple; d=alder.example; s=s1; h=from; bh={bh}; b="
    policy = CanonicalizationPolicy.from_c_value(b"relaxed/simple")
    fields = policy.canonicalize_headers(
        [(b"From", b" ap@alder.example\r\n"), (b"DKIM-Signature", b" " + tags.encode())]
    )
    signed = b"".join(name + b":" + value for name, value in fields).rstrip()
    made = base64.b64encode(key.sign(hashlib.sha256(signed).digest())).decode()
    return f"DKIM-Signature: {tags}{made}\r\nFrom: ap@alder.example\r\n\r\n".encode() + body


def test_ed25519_is_checked_too() -> None:
    key = Ed25519PrivateKey.generate()
    record = b"v=DKIM1; k=ed25519; p=" + base64.b64encode(key.public_key().public_bytes_raw())
    assert judge(_by_ed25519(key, b"hi\r\n"), record) == Judged(verdict=Verdict.PASS)
    assert judge(_by_ed25519(Ed25519PrivateKey.generate(), b"hi\r\n"), record).verdict is Verdict.FAIL


def test_what_is_claimed_and_where_its_key_would_be() -> None:
    found = claims(signer("mail.alder.example", "k2").sign(signer().sign()))
    assert [(one.number, one.name, one.alignment) for one in found.signatures] == [
        (1, "k2._domainkey.mail.alder.example", "below"),
        (2, "s1._domainkey.alder.example", "exact"),
    ]
    assert found.from_domain == "alder.example"
    assert claims(MAIL).signatures == ()


def test_of_many_signatures_a_few_are_looked_at() -> None:
    found = claims(b"DKIM-Signature: d=a.example; s=x\r\n" * 2000 + MAIL)
    assert (len(found.signatures), found.many) == (5, 2000)


@pytest.mark.parametrize(
    ("selector", "domain"),
    [
        ("s", "localhost"), ("s", "printer.local"), ("s", "host.internal"), ("s", "4.3.2.1.in-addr.arpa"),
        ("s", "10.0.0.1"), ("s", "example"), ("s", ""), ("", "a.example"), ("s", "a..example"), ("s", "-a.example"),
        ("s", "a.example."), ("s", f"{'a' * 64}.example"), ("s", f"{'a.' * 130}example"), ("s s", "a.example"),
        ("s", "a.example\tx"), ("s", "müller.example"), ("s", "abc.onion"), ("*", "a.example"),
    ],
)  # fmt: skip
def test_absurd_names_are_never_asked_for(selector: str, domain: str) -> None:
    assert key_name(selector, domain) == ""
    raw = f"DKIM-Signature: v=1; s={selector}; d={domain}; x\r\n".encode() + MAIL
    (one,) = claims(raw).signatures
    assert (one.name, one.domain, bool(one.problem)) == ("", "", True)


@pytest.mark.parametrize(
    ("domain", "from_domain", "beside"),
    [
        ("alder.example", "alder.example", "exact"),
        ("alder.example", "mail.alder.example", "parent"),
        ("mail.alder.example", "alder.example", "below"),
        ("der.example", "alder.example", "other"),
        ("alder.example", "", "other"),
    ],
)
def test_how_a_domain_stands_to_from(domain: str, from_domain: str, beside: str) -> None:
    assert alignment(domain, from_domain) == beside


@pytest.mark.parametrize(
    "fields",
    [b"", b"From: a@x.example\r\nFrom: b@y.example\r\n", b"From: a@x.example, b@y.example\r\n", b"From: nobody\r\n",
     b"From: a@[10.0.0.1]\r\n", b"From: (((\r\n", b'From: "a@x.example" <nobody>\r\n', b"From: a@\xff\r\n",
     b"From:\r\n"],
)  # fmt: skip
def test_without_one_address_there_is_no_domain_of_from(fields: bytes) -> None:
    assert claims(fields + b"\r\nhi").from_domain == ""


@pytest.mark.parametrize(
    "value",
    [b"a@x.example", b"<a@X.example>",
     b'"b@y.example" <a@x.example>', b"Tom (b@y.example, or so)\r\n <a@x.example>",
     b'"Rowe, Tom" <a@x.example>', b'"a b"@x.example'],
)  # fmt: skip
def test_the_one_address_of_from_is_found_behind_any_name(value: bytes) -> None:
    assert claims(b"From: " + value + b"\r\n\r\nhi").from_domain == "x.example"


def checked(verdict: Verdict, beside: str = "exact", **more: object) -> CheckedSignature:
    one = CheckedSignature(
        number=1,
        domain="alder.example",
        selector="s1",
        name="s1._domainkey.alder.example",
        verdict=verdict,
        reason="",
        weak=(),
        alignment=beside,
        record=b"",
        resolver="",
        asked_at=None,
    )
    return replace(one, **more)  # type: ignore[arg-type]


def test_the_best_signature_speaks_for_the_mail() -> None:
    near, far = checked(Verdict.PASS), checked(Verdict.PASS, "other")
    assert best([checked(Verdict.FAIL), far, near]) is near
    assert best([checked(Verdict.PERMERROR), checked(Verdict.TEMPERROR)]) == checked(Verdict.TEMPERROR)
    assert best([replace(near, weak=("l=",)), far]) is far
    assert best([]) is None


def test_the_text_has_the_key_byte_for_byte_and_nothing_odd() -> None:
    record = b"v=DKIM1; p=\xff\x00\n"
    one = Authentication(
        sha256="ab" * 32,
        received_at=AT,
        checked_at=AT + timedelta(minutes=1),
        attempt=2,
        tool="dkimpy 1",
        from_domain="alder.example",
        verdict=Verdict.PASS,
        reason="",
        many=2,
        signatures=(
            checked(Verdict.PASS, record=record, asked_at=AT, weak=("a\nb",)),
            checked(Verdict.TEMPERROR, number=2),
        ),
        results=("mx.acme.example: dkim=pass",),
    )
    text = text_of(one).decode("ascii")
    found = re.search(r"^1 txt-base64: (.*)$", text, re.MULTILINE)
    assert found is not None
    assert base64.b64decode(found[1]) == record
    assert "1 but: a?b\n" in text
    assert "received-at: 2026-09-07T09:00:00Z\n" in text
    assert "faketime '2026-09-07 09:00:00 UTC'" in text
    assert "CHECK SIGNATURE 2" not in text
    assert "python3" not in text_of(replace(one, signatures=())).decode()
