"""What comes of a delivery, for every moment at which a server can refuse, fall silent or vanish."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from mailer.channels import SmtpChannel
from mailer.domain.delivery import Accepted, Outcome, Phase, Refused, TryLater, Unknown
from tests.edges.channels.scripted import IMPATIENT, LETTER, Cut, Script, committed, envelope, scripted, settings
from tests.servers.dovecot import make_certificate


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
#: What happens, the code, how far it got, and whether other messages would fare the same.
NOT_ACCEPTED: list[tuple[Script, int | None, Phase, bool]] = [
    ({"connect": Cut.DROP}, None, Phase.CONNECT, True),
    ({"connect": Cut.SILENCE}, None, Phase.CONNECT, True),
    ({"connect": "421 4.3.2 too busy"}, 421, Phase.CONNECT, True),
    ({"connect": "554 5.7.1 not you"}, 554, Phase.CONNECT, True),
    ({"connect": "SSH-2.0-OpenSSH"}, None, Phase.CONNECT, True),
    ({"EHLO": Cut.DROP}, None, Phase.CONNECT, True),
    ({"EHLO": Cut.SILENCE}, None, Phase.CONNECT, True),
    ({"EHLO": "421 4.3.2 closing"}, 421, Phase.CONNECT, True),
    ({"MAIL": Cut.DROP}, None, Phase.MAIL, False),
    ({"MAIL": Cut.SILENCE}, None, Phase.MAIL, False),
    ({"MAIL": "421 4.7.0 slow down"}, 421, Phase.MAIL, True),
    ({"MAIL": "432 4.3.2 concurrent connection limit exceeded"}, 432, Phase.MAIL, True),
    ({"MAIL": "451 4.3.0 later"}, 451, Phase.MAIL, False),
    ({"MAIL": "451 4.7.0 slow down"}, 451, Phase.MAIL, True),
    ({"MAIL": "452 too many connections from you"}, 452, Phase.MAIL, True),
    ({"MAIL": "530 5.7.0 authentication required"}, 530, Phase.MAIL, True),
    ({"MAIL": "503 5.5.1 AUTH first"}, 503, Phase.MAIL, True),
    ({"MAIL": "what?"}, None, Phase.MAIL, False),
    ({"RCPT": Cut.DROP}, None, Phase.RCPT, False),
    ({"RCPT": Cut.SILENCE}, None, Phase.RCPT, False),
    ({"RCPT": "450 4.2.0 greylisted"}, 450, Phase.RCPT, False),
    ({"RCPT": "452 4.2.2 mailbox full, quota exceeded"}, 452, Phase.RCPT, False),
    ({"RCPT": "421 4.7.0 slow down"}, 421, Phase.RCPT, True),
    ({"RCPT": "454 4.7.0 not now"}, 454, Phase.RCPT, True),
    ({"RCPT": "550 5.4.5 daily sending limit exceeded"}, 550, Phase.RCPT, True),
    ({"RCPT": "550 5.1.90 you've reached your daily limit for message recipients"}, 550, Phase.RCPT, True),
    ({"RCPT": "503 5.5.1 bad sequence"}, 503, Phase.RCPT, False),
    ({"after RCPT": Cut.DROP}, None, Phase.DATA, False),
    ({"DATA": Cut.DROP}, None, Phase.DATA, False),
    ({"DATA": Cut.SILENCE}, None, Phase.DATA, False),
    ({"DATA": "250 never mind"}, 250, Phase.DATA, False),
    ({"DATA": "gibberish"}, None, Phase.DATA, False),
    ({"DATA": "421 4.3.2 closing"}, 421, Phase.DATA, True),
    ({"DATA": "451 4.3.0 later"}, 451, Phase.DATA, False),
    ({"dot": "421 4.3.2 closing"}, 421, Phase.DOT, True),
    ({"dot": "452 4.3.1 disk full"}, 452, Phase.DOT, False),
    ({"dot": "554 5.2.0 submission quota exceeded"}, 554, Phase.DOT, True),
]
REFUSED: list[tuple[Script, int, bool, Phase]] = [
    ({"MAIL": "550 5.1.8 sender domain unknown"}, 550, False, Phase.MAIL),
    ({"MAIL": "552 5.3.4 too big"}, 552, False, Phase.MAIL),
    ({"RCPT": "550 5.1.1 no such user"}, 550, True, Phase.RCPT),
    ({"RCPT": "550 no such user"}, 550, True, Phase.RCPT),
    ({"RCPT": "550 5.4.1 recipient address rejected: access denied"}, 550, True, Phase.RCPT),
    ({"RCPT": "554 5.7.1 relay access denied"}, 554, False, Phase.RCPT),
    ({"DATA": "554 5.5.1 no valid recipients"}, 554, False, Phase.DATA),
    ({"dot": "550 5.1.1 no such user after all"}, 550, True, Phase.DOT),
    ({"dot": "554 5.7.1 looks like spam"}, 554, False, Phase.DOT),
]
NOBODY_KNOWS: list[Script] = [
    {"body": Cut.DROP},
    {"body": Cut.SILENCE},
    {"dot": Cut.DROP},
    {"dot": Cut.SILENCE},
    {"dot": "gibberish"},
    {"dot": "354 go on"},
    {"dot": "250000000 taken"},
    {"dot": "250-taken\r\n550 or not"},
]


@pytest.mark.parametrize("script", ACCEPTED, ids=repr)
async def test_a_2xx_after_the_dot_is_accepted_in_the_servers_words(script: Script) -> None:
    outcome, kept = await outcome_of(script)
    assert isinstance(outcome, Accepted)
    assert outcome.text == script.get("dot", "250 2.0.0 queued as 1")
    assert (outcome.phase, outcome.code, kept) == (Phase.DOT, int(outcome.text[:3]), 1)
    assert outcome.enhanced == ("2.0.0" if "2.0.0" in outcome.text else "")


@pytest.mark.parametrize(("script", "code", "phase", "account"), NOT_ACCEPTED, ids=repr)
async def test_passing_trouble_is_tried_again(script: Script, code: int | None, phase: Phase, *, account: bool) -> None:
    outcome, kept = await outcome_of(script)
    assert isinstance(outcome, TryLater)
    assert (outcome.code, outcome.phase, outcome.account, kept) == (code, phase, account, 0)
    assert code in {None, 250} or outcome.text in script.values()


@pytest.mark.parametrize(("script", "code", "recipient", "phase"), REFUSED, ids=repr)
async def test_a_5xx_is_for_good_and_blames_the_address_only_when_it_is_to_blame(
    script: Script, code: int, phase: Phase, *, recipient: bool
) -> None:
    outcome, kept = await outcome_of(script)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.recipient, outcome.phase, kept) == (code, recipient, phase, 0)
    assert outcome.enhanced in outcome.text.split()[1:] or not outcome.enhanced
    assert outcome.text in script.values()


@pytest.mark.parametrize("script", NOBODY_KNOWS, ids=repr)
async def test_silence_after_the_message_began_is_never_called_a_failure(script: Script) -> None:
    outcome, _kept = await outcome_of(script)
    assert isinstance(outcome, Unknown)
    assert outcome.phase is Phase.DOT  # this small message leaves at once


@pytest.mark.parametrize(
    ("word", "expected"), [(Cut.DROP, Unknown), ("250 fine already", Unknown), ("552 5.3.4 too big", Refused)]
)
async def test_within_a_big_body_only_a_refusal_is_definite(word: str | Cut, expected: type[Outcome]) -> None:
    big = LETTER + b"0123456789 line of text that fills the buffers\r\n" * 100_000
    outcome, _kept = await outcome_of({"body": word}, big)
    assert isinstance(outcome, expected)
    assert outcome.phase is Phase.BODY


async def test_nothing_listening_is_tried_later() -> None:
    async with scripted() as peer:
        port = peer.port
    outcome = await SmtpChannel(settings(port)).deliver(envelope(), before_data=committed)
    assert isinstance(outcome, TryLater)
    assert "refused" in outcome.text


@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
@pytest.mark.parametrize(
    ("size", "moment"), [(1, "dot"), (100_000, "body"), (100_000, "dot")], ids=["small", "big, cut", "big, whole"]
)
async def test_it_is_known_under_tls_too_whether_the_dot_had_left(
    tmp_path: Path, security: str, size: int, moment: str
) -> None:
    certificate = make_certificate(tmp_path)
    async with scripted({moment: Cut.DROP}, extensions=("STARTTLS",) if security == "starttls" else ()) as peer:
        if security != "none":
            peer.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            peer.tls.load_cert_chain(certificate, tmp_path / "key.pem")
        secure = {"host": "localhost", "security": security, "ca_file": str(certificate)}
        channel = SmtpChannel(settings(peer.port, **secure))
        content = LETTER + b"0123456789 line of text that fills the buffers\r\n" * size
        outcome = await channel.deliver(envelope(content), before_data=committed)
        assert isinstance(outcome, Unknown)
        assert outcome.phase is (Phase.BODY if moment == "body" else Phase.DOT)
        assert outcome.tls == ("" if security == "none" else "TLSv1.3")
