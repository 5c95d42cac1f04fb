"""What comes of a delivery, for every moment at which a server can refuse, fall silent or vanish."""

from __future__ import annotations

import pytest

from mailer.channels import SmtpChannel
from mailer.domain.delivery import Accepted, Outcome, Refused, TryLater, Unknown
from tests.edges.channels.scripted import IMPATIENT, LETTER, Cut, Script, committed, envelope, scripted, settings


async def outcome_of(script: Script, content: bytes = LETTER) -> tuple[Outcome, int]:
    async with scripted(script) as peer:
        channel = SmtpChannel(settings(peer.port, **(IMPATIENT if Cut.SILENCE in script.values() else {})))
        try:
            outcome = await channel.deliver(envelope(content), before_data=committed)
        finally:
            await channel.close()
        return outcome, len(peer.messages)


ACCEPTED: list[Script] = [
    {},
    {"EHLO": "502 5.5.1 only HELO here"},
    {"dot": "250 2.0.0 queued as 1"},
    {"dot": "252 taken"},
    {"RCPT": "251 will forward"},
]
NOT_ACCEPTED: list[tuple[Script, int | None]] = [
    ({"connect": Cut.DROP}, None),
    ({"connect": Cut.SILENCE}, None),
    ({"connect": "421 4.3.2 too busy"}, 421),
    ({"connect": "554 5.7.1 not you"}, 554),
    ({"connect": "SSH-2.0-OpenSSH"}, None),
    ({"EHLO": Cut.DROP}, None),
    ({"EHLO": Cut.SILENCE}, None),
    ({"EHLO": "421 4.3.2 closing"}, 421),
    ({"MAIL": Cut.DROP}, None),
    ({"MAIL": Cut.SILENCE}, None),
    ({"MAIL": "421 4.7.0 slow down"}, 421),
    ({"MAIL": "451 4.3.0 later"}, 451),
    ({"MAIL": "530 5.7.0 authentication required"}, 530),
    ({"MAIL": "503 5.5.1 AUTH first"}, 503),
    ({"MAIL": "what?"}, None),
    ({"RCPT": Cut.DROP}, None),
    ({"RCPT": Cut.SILENCE}, None),
    ({"RCPT": "450 4.2.0 greylisted"}, 450),
    ({"RCPT": "421 4.7.0 slow down"}, 421),
    ({"RCPT": "550 5.4.5 daily sending limit exceeded"}, 550),
    ({"after RCPT": Cut.DROP}, None),
    ({"DATA": "421 4.3.2 closing"}, 421),
    ({"DATA": "451 4.3.0 later"}, 451),
    ({"dot": "421 4.3.2 closing"}, 421),
    ({"dot": "452 4.3.1 disk full"}, 452),
]
REFUSED: list[tuple[Script, int, bool]] = [
    ({"MAIL": "550 5.1.8 sender domain unknown"}, 550, False),
    ({"MAIL": "552 5.3.4 too big"}, 552, False),
    ({"RCPT": "550 5.1.1 no such user"}, 550, True),
    ({"RCPT": "550 no such user"}, 550, True),
    ({"RCPT": "550 5.4.1 recipient address rejected: access denied"}, 550, True),
    ({"RCPT": "554 5.7.1 relay access denied"}, 554, False),
    ({"DATA": "554 5.5.1 no valid recipients"}, 554, False),
    ({"dot": "550 5.1.1 no such user after all"}, 550, True),
    ({"dot": "554 5.7.1 looks like spam"}, 554, False),
]
NOBODY_KNOWS: list[Script] = [
    {"DATA": Cut.DROP},
    {"DATA": Cut.SILENCE},
    {"DATA": "250 never mind"},
    {"DATA": "gibberish"},
    {"body": Cut.DROP},
    {"body": Cut.SILENCE},
    {"dot": Cut.DROP},
    {"dot": Cut.SILENCE},
    {"dot": "gibberish"},
    {"dot": "354 go on"},
]


@pytest.mark.parametrize("script", ACCEPTED, ids=repr)
async def test_a_2xx_after_the_dot_is_accepted_in_the_servers_words(script: Script) -> None:
    outcome, kept = await outcome_of(script)
    assert isinstance(outcome, Accepted)
    assert outcome.text == script.get("dot", "250 2.0.0 queued as 1")
    assert kept == 1


@pytest.mark.parametrize(("script", "code"), NOT_ACCEPTED, ids=repr)
async def test_passing_trouble_is_tried_again(script: Script, code: int | None) -> None:
    outcome, kept = await outcome_of(script)
    assert isinstance(outcome, TryLater)
    assert (outcome.code, kept) == (code, 0)
    assert code is None or outcome.text in script.values()


@pytest.mark.parametrize(("script", "code", "recipient"), REFUSED, ids=repr)
async def test_a_5xx_is_for_good_and_blames_the_address_only_when_it_is_to_blame(
    script: Script, code: int, *, recipient: bool
) -> None:
    outcome, kept = await outcome_of(script)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.recipient, kept) == (code, recipient, 0)
    assert outcome.text in script.values()


@pytest.mark.parametrize("script", NOBODY_KNOWS, ids=repr)
async def test_silence_from_data_on_is_never_called_a_failure(script: Script) -> None:
    outcome, _kept = await outcome_of(script)
    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize(
    ("word", "expected"), [(Cut.DROP, Unknown), ("250 fine already", Unknown), ("552 5.3.4 too big", Refused)]
)
async def test_within_a_big_body_only_a_refusal_is_definite(word: str | Cut, expected: type[Outcome]) -> None:
    big = LETTER + b"0123456789 line of text that fills the buffers\r\n" * 100_000
    outcome, _kept = await outcome_of({"body": word}, big)
    assert isinstance(outcome, expected)


async def test_nothing_listening_is_tried_later() -> None:
    async with scripted() as peer:
        port = peer.port
    outcome = await SmtpChannel(settings(port)).deliver(envelope(), before_data=committed)
    assert isinstance(outcome, TryLater)
    assert "refused" in outcome.text
