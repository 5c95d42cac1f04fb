"""Who signed a customer's mail is looked at while the key is there, and can be shown when it is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import dns.rcode
import pytest
from sqlalchemy import text

from mailer.flows.authenticate_mail import WAITS, AuthenticationReport, NoSuchMail, authenticate, authenticate_new
from mailer.flows.keep_log import seal
from mailer.flows.recheck_signatures import recheck
from mailer.flows.verify_record import verify_record
from mailer.record.dkim_values import Verdict
from mailer.record.tampering import Tampering
from mailer.store import subjects
from tests.core.record.signed import MAIL, signer
from tests.stories.case_house import WHO
from tests.stories.signed_house import SignedHouse, signed_house

RECEIVED = b"Received: from x by mx.acme.example; Mon, 7 Sep 2026 09:00:00 +0000\r\n"
SAID = b"Authentication-Results: mx.acme.example; dkim=pass header.d=alder.example; dmarc=pass\r\n"
OURS = frozenset({"mx.acme.example"})


@pytest.fixture
async def signed(tmp_path: Path) -> AsyncIterator[SignedHouse]:
    async with signed_house(tmp_path) as house:
        yield house


async def test_the_key_is_kept_and_the_check_holds_when_the_domain_has_dropped_it(signed: SignedHouse) -> None:
    found = await signed.gets(signed.signed())
    (one,) = found.signatures
    assert (found.verdict, one.domain, one.alignment, one.weak) == (Verdict.PASS, "alder.example", "exact", ())
    assert (one.record, one.resolver, one.name) == (signed.who.record, signed.dns.address, signed.who.name)
    (event,) = await signed.told()
    assert (event.customer_id, event.payload["verdict"], event.payload["domain"]) == (WHO.id, "pass", "alder.example")
    assert "alder" not in str((event.id, event.type, event.actor, event.refs))  # what becomes a leaf names nobody
    signed.dns.records.clear()
    asked = len(signed.dns.asked)
    (again,) = await signed.recheck()
    assert again.is_same
    assert again.now is not None
    assert again.now.verdict is Verdict.PASS
    assert await signed.look() == AuthenticationReport()  # once is enough
    # Who asks again by hand is given the kept key, too: the first look is the one that counts.
    assert (await authenticate(signed.authenticator(), found.mail_id)).verdict is Verdict.PASS
    assert len(signed.dns.asked) == asked


async def test_a_mail_changed_on_its_way_fails_and_one_without_signature_has_none(signed: SignedHouse) -> None:
    changed = signed.signed().replace(b"Friday", b"Monday")
    assert (await signed.gets(changed)).verdict is Verdict.FAIL
    assert (await signed.gets(MAIL)).verdict is Verdict.NONE
    assert [one.payload["signatures"] for one in await signed.told()] == [1, 0]


async def test_what_is_changed_in_the_database_shows(signed: SignedHouse) -> None:
    await signed.gets(signed.signed())
    other = signer(bits=1024)
    for statement, values in (
        ("UPDATE payloads SET body = :value WHERE kind = 'raw_mail'", signed.signed("We paid.")),
        ("UPDATE mail_signatures SET record = :value", other.record),
        ("UPDATE payloads SET body = :value WHERE kind = 'authentication'", b"forged"),
    ):
        async with signed.house.store.transaction() as tx:
            await tx.connection.execute(text("DROP TRIGGER IF EXISTS mail_signatures_no_update"))
            await tx.connection.execute(text(statement), {"value": values})
        assert [one.is_same for one in await signed.recheck()] == [False]
    await seal(signed.house.keeper(), at_once=True)
    found = await verify_record(signed.house.store, signed.house.folder)
    assert {one.what for one in found.findings} == {Tampering.WORDS_CHANGED}


async def test_a_name_server_that_is_down_is_asked_again_a_few_times(signed: SignedHouse) -> None:
    signed.dns.silent, signed.timeout_seconds = True, 0.1
    assert (await signed.gets(signed.signed())).verdict is Verdict.TEMPERROR
    assert await signed.look() == AuthenticationReport()  # not at once
    signed.dns.silent, signed.dns.rcode = False, dns.rcode.SERVFAIL
    for wait in WAITS[:-1]:
        signed.house.at += wait
        assert await signed.look() == AuthenticationReport(checked=1, postponed=1)
    signed.dns.rcode = dns.rcode.NOERROR
    signed.house.at += WAITS[-1]
    assert await signed.look() == AuthenticationReport(checked=1)
    assert [one.verdict for one in await signed.looks()] == [Verdict.PASS, *[Verdict.TEMPERROR] * len(WAITS)]
    assert [one.payload["attempt"] for one in await signed.told()] == [1, 2, 3, 4]


async def test_asking_ends(signed: SignedHouse) -> None:
    signed.dns.rcode = dns.rcode.SERVFAIL
    await signed.gets(signed.signed())
    for _ in range(10):
        signed.house.at += timedelta(days=1)
        await signed.look()
    assert len(await signed.looks()) == len(WAITS) + 1
    (one,) = await signed.recheck()
    assert one.is_same  # there is no key to check with, now as then
    assert one.now is None


async def test_a_domain_without_such_a_key_is_final(signed: SignedHouse) -> None:
    signed.dns.records.clear()
    assert (await signed.gets(signed.signed())).reason == "there is no such name in the DNS"
    signed.dns.records[signed.who.name] = []
    assert (await signed.gets(signed.signed("b"))).reason == "there is no TXT record at that name"
    signed.dns.records[signed.who.name] = [b"x" * 9000]
    assert "too long" in (await signed.gets(signed.signed("c"))).reason
    signed.dns.records[signed.who.name] = [b"v=spf1 -all", signed.who.record]
    assert (await signed.gets(signed.signed("d"))).verdict is Verdict.PASS  # another record beside it does no harm
    assert await signed.verdicts() == [*[Verdict.PERMERROR] * 3, Verdict.PASS]


async def test_a_key_is_asked_for_once_for_many_mails(signed: SignedHouse) -> None:
    await signed.gets(*(signed.who.sign(MAIL + b"%d\r\n" % number, at=signed.house.at) for number in range(12)))
    assert await signed.verdicts() == [Verdict.PASS] * 12
    assert signed.dns.asked == [signed.who.name]


async def test_only_a_few_signatures_and_no_absurd_names_are_asked_for(signed: SignedHouse) -> None:
    flood = b"".join(b"DKIM-Signature: v=1; d=d%d.example; s=s\r\n" % number for number in range(50))
    found = await signed.gets(flood + signed.signed())
    assert (found.verdict, found.many, len(found.signatures)) == (Verdict.PERMERROR, 51, 5)
    assert len(signed.dns.asked) == 5
    signed.dns.asked.clear()
    absurd = b"".join(b"DKIM-Signature: v=1; s=s; d=%s\r\n" % name for name in (b"localhost", b"a.local", b"10.0.0.1"))
    assert (await signed.gets(absurd + signed.signed("hi"))).verdict is Verdict.PASS
    assert signed.dns.asked == [signed.who.name]


HOSTILE = (
    b"DKIM-Signature: v=1; d=alder.example; s=s1; b=" + b" " * 60_000 + b"\r\n",
    b"DKIM-Signature: v=1; d=alder.example; s=s1\r\n" + b" \r\n" * 30_000,
    b" folded from the start\r\n",
    b"DKIM-Signature: \xff\xfe;;;===\r\n",
    b"no field at all\r\n",
)


async def test_hostile_mail_gets_a_verdict_and_harms_nothing(signed: SignedHouse) -> None:
    for number, hostile in enumerate(HOSTILE):
        assert (await signed.gets(hostile + signed.signed(str(number)))).verdict in {Verdict.PASS, Verdict.PERMERROR}
    assert (await signed.gets(signed.signed("the next one"))).verdict is Verdict.PASS


async def test_a_mail_that_takes_too_long_is_given_up(signed: SignedHouse) -> None:
    raw = signed.who.sign(MAIL + b" " * 3_000_000 + b"x", at=signed.house.at).replace(b"/simple", b"/relaxed")
    signed.sandbox._seconds = 0.5
    found = await signed.gets(raw)
    assert found.verdict is Verdict.PERMERROR
    assert "longer than" in found.reason


async def test_what_our_own_server_said_is_kept_and_what_a_sender_wrote_is_not(signed: SignedHouse) -> None:
    with_server = signed.authenticator(trusted=OURS, asks=False)
    await signed.house.gets(SAID + RECEIVED + signed.signed())
    assert await authenticate_new(with_server) == AuthenticationReport(checked=1)
    (look,) = await signed.looks()
    assert look.results == ("mx.acme.example: dkim=pass header.d=alder.example", "mx.acme.example: dmarc=pass")
    assert (look.verdict, signed.dns.asked) == (Verdict.NEUTRAL, [])
    await signed.house.gets(RECEIVED + SAID + signed.signed("forged"))
    await authenticate_new(with_server)
    (look,) = await signed.looks()
    assert look.results == ()


async def test_nobodys_mail_is_not_looked_at_and_old_mail_not_unasked(signed: SignedHouse) -> None:
    await signed.house.gets(signed.signed())
    async with signed.house.store.transaction() as tx:
        await tx.connection.execute(text("UPDATE mails SET customer_id = NULL"))
    assert await signed.look() == AuthenticationReport()
    async with signed.house.store.transaction() as tx:
        await tx.connection.execute(text("UPDATE mails SET customer_id = 'cus_1'"))
    signed.house.at += timedelta(days=31)
    assert await signed.look() == AuthenticationReport()
    assert signed.dns.asked == []
    with pytest.raises(NoSuchMail):
        await recheck(signed.house.store, signed.sandbox, "mail_x")
    with pytest.raises(NoSuchMail):
        await authenticate(signed.authenticator(), "mail_x")


async def test_a_mail_that_becomes_somebody_elses_is_looked_at_for_them_by_the_key_that_was_kept(
    signed: SignedHouse,
) -> None:
    await signed.gets(signed.signed())
    signed.dns.records.clear()
    signed.house.at += timedelta(minutes=1)
    async with signed.house.store.transaction() as tx:
        await tx.connection.execute(text("UPDATE mails SET customer_id = 'cus_2'"))
    assert await signed.look() == AuthenticationReport(checked=1)
    assert [(one.customer_id, one.verdict) for one in await signed.looks()] == [
        ("cus_2", Verdict.PASS),
        ("cus_1", Verdict.PASS),
    ]
    assert len(signed.dns.asked) == 1


async def test_of_an_erased_customer_no_domain_is_left(signed: SignedHouse) -> None:
    await signed.gets(SAID + RECEIVED + signed.signed())
    async with signed.house.store.transaction() as tx:
        await subjects.erase(tx, WHO.id)
    await subjects.wipe(signed.house.store)
    data = (signed.house.folder / "duly.sqlite3").read_bytes()
    assert b"alder.example" not in data
    assert signed.who.record not in data
    assert await signed.look() == AuthenticationReport()
    async with signed.house.store.reading() as tx:
        rows = [name async for name, _ in subjects.rows_about(tx, WHO.id)]
    assert {"authentications", "mail_signatures"} <= set(rows)
