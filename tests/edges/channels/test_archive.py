"""The blind copy for our own archive: the customer's answer decides, and nobody else ever gets the message (row A6)."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from mailer.channels import SmtpChannel
from mailer.domain.delivery import Accepted, Phase, Refused, TryLater
from tests.edges.channels.scripted import Cut, committed, envelope, scripted, settings
from tests.servers.smtp import RecordingSmtp

ANN, ARCHIVE = "ann@customer.test", "archive@duly.test"
MESSAGE = replace(envelope(to=ANN), archive=ARCHIVE)
TAKEN, FULL, GONE = "250 2.1.5 OK", "450 4.2.2 full", "550 5.1.1 gone"


@pytest.mark.parametrize(("customer", "archive"), list(itertools.product([TAKEN, FULL, GONE], repeat=2)))
async def test_the_customers_answer_decides_and_the_archives_is_only_noted(
    recording_smtp: RecordingSmtp, customer: str, archive: str
) -> None:
    recording_smtp.answers = {ANN: customer, ARCHIVE: archive}
    channel = SmtpChannel(settings(recording_smtp.port))
    outcome = await channel.deliver(MESSAGE, before_data=committed)
    expected = {TAKEN: Accepted, FULL: TryLater, GONE: Refused}[customer]
    assert isinstance(outcome, expected)
    # The same session serves the next message, which nobody of the last one gets.
    plain = await channel.deliver(envelope(to="bob@customer.test"), before_data=committed)
    await channel.close()
    assert isinstance(plain, Accepted)
    *first, last = [message.recipients for message in recording_smtp.messages]
    assert last == ("bob@customer.test",)
    if customer != TAKEN:
        assert (first, outcome.text) == ([], customer)
    elif archive == TAKEN:
        assert (first, outcome.text) == ([(ANN, ARCHIVE)], "250 2.0.0 OK: queued")
    else:
        assert (first, outcome.text) == ([(ANN,)], f"250 2.0.0 OK: queued; archive copy refused: {archive}")
    assert b"archive@" not in b"".join(message.raw for message in recording_smtp.messages)


async def test_an_archive_address_that_is_not_plain_stops_the_message_and_blames_nobody() -> None:
    async with scripted() as peer:
        bad = replace(MESSAGE, archive="archive@duly.test\r\nRCPT TO:<eve@evil.test>")
        outcome = await SmtpChannel(settings(peer.port)).deliver(bad, before_data=committed)
        assert isinstance(outcome, Refused)
        assert (outcome.recipient, outcome.phase, peer.connections) == (False, Phase.NONE, 0)
        assert "archive address unusable" in outcome.text


async def test_a_customer_who_is_the_archive_gets_one_copy() -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        await channel.deliver(replace(MESSAGE, archive=ANN.upper()), before_data=committed)
        await channel.close()
        assert peer.verbs().count("RCPT") == 1


@pytest.mark.parametrize(
    ("answer", "account"),
    [(Cut.DROP, False), ("421 4.3.2 closing", True), ("354 go on", False)],
    ids=["lost", "closing", "out of step"],
)
async def test_a_session_that_ends_at_the_archive_has_sent_nothing(answer: str | Cut, *, account: bool) -> None:
    async with scripted({f"RCPT <{ARCHIVE}>": answer}) as peer:
        outcome = await SmtpChannel(settings(peer.port)).deliver(MESSAGE, before_data=committed)
        assert isinstance(outcome, TryLater)
        assert (outcome.phase, outcome.account, peer.messages) == (Phase.RCPT, account, [])


async def test_a_refusal_after_the_dot_does_not_blame_the_customer_when_the_archive_may_be_meant() -> None:
    async with scripted({"dot": "550 5.1.1 no such user"}) as peer:
        channel = SmtpChannel(settings(peer.port))
        with_archive = await channel.deliver(MESSAGE, before_data=committed)
        alone = await channel.deliver(envelope(to=ANN), before_data=committed)
        await channel.close()
    assert isinstance(with_archive, Refused)
    assert isinstance(alone, Refused)
    assert (with_archive.recipient, alone.recipient) == (False, True)
