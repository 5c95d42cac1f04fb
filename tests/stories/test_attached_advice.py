"""A customer answers with an attachment: what it lists is held and shown, and nothing is paid or promised by it."""

from __future__ import annotations

import json
from datetime import date
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from mailer.domain.agreement import HoldKind
from mailer.flows.event_words import reading_words
from mailer.store import inbox
from tests.faults.pdfs import encrypted, pdf
from tests.stories.world import SELLER, World

DUE = date(2026, 9, 4)
ADVICE = """ALDER LTD
REMITTANCE ADVICE 4400129
Payment date: 04/09/2026
INV-1   31/07/2026   500.00
INV-2   31/07/2026   500.00
Total EUR            1,000.00"""


async def test_a_reply_without_a_number_is_matched_to_both_invoices_of_its_advice(world: World) -> None:
    for number in ("INV-1", "INV-2", "INV-3"):
        await world.owe(number, due=DUE)
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Date"] = "ap@alder.example", SELLER, format_datetime(world.clock())
    mail["Message-ID"] = "<advice@alder.example>"
    mail.set_content("Good morning,\n\nplease see the attachment.\n\nBest\nTom")
    for name, content in (("4400129.pdf", pdf(ADVICE)), ("details.pdf", encrypted(ADVICE, "secret"))):
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    world.dovecot.deliver(mail.as_bytes())
    world._until_visible("<advice@alder.example>", "INBOX")
    await world.round()
    facts = await world.facts("INV-1")
    held = {one.number for one in facts.invoices if one.id in {of for hold in facts.holds for of in hold.invoice_ids}}
    assert held == {"INV-1", "INV-2"}
    assert {hold.kind for hold in facts.holds} == {HoldKind.REPLY}
    assert facts.promises == ()
    assert all(one.open.minor == 50000 for one in facts.invoices)  # a claim is no money
    assert await world.waiting() == 1

    event = (await world.events("reply.read"))[-1]
    said = event.payload["findings"][-1]
    assert (said["intent"], said["on"], said["amount"]) == ("remittance", "2026-09-04", "1,000.00")
    assert set(said["attached"]) == {"4400129.pdf"}
    assert event.payload["ask"].endswith("remittance (attached); an attached PDF is encrypted")
    assert event.payload["unread"] == ["is encrypted"]
    async with world.app.store.reading() as tx:
        kept = await inbox.reading_of(tx, (await inbox.listing(tx, limit=1))[0].id)
    proofs = kept["findings"][-1]["evidence"]
    assert {proof["attachment"] for proof in proofs} == {"4400129.pdf"}
    assert "INV-2   31/07/2026   500.00" in [proof["text"] for proof in proofs]
    assert "(attached: 4400129.pdf)" in reading_words(json.loads(json.dumps(kept, default=str)), {})
