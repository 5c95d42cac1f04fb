"""What never reaches the wire: addresses and messages that a library would quietly repair into something else."""

from __future__ import annotations

import pytest

from mailer.channels import SmtpChannel
from mailer.domain.delivery import Accepted, Refused
from tests.edges.channels.scripted import LETTER, committed, envelope, scripted, settings

BAD_ADDRESSES = [
    "",
    "ann",
    "@customer.test",
    "ann@",
    "ann@customer.test\r\nRCPT TO:<eve@evil.test>",
    "ann@customer.test\n",
    '"b\r\nRCPT TO:<eve@evil.test>"@customer.test',
    '"ann"@customer.test',
    "ann smith@customer.test",
    "ann(work)@customer.test",
    "Ann <ann@customer.test>",
    "<ann@customer.test>",
    "ann@customer.test,eve@evil.test",
    "ann..x@customer.test",
    ".ann@customer.test",
    "ann@-customer.test",
    "ann@customer..test",
    "ann@customer.test.",
    "ann@[127.0.0.1]",
    "ann@eve@customer.test",
    "änn@customer.test",
    "ann@kündin.test",
    "ann@customer.test\x00",
    "a" * 65 + "@customer.test",
    "ann@" + ".".join(["c" * 60] * 5),
]
GOOD_ADDRESSES = ["ann@customer.test", "ar+k7.x_y=1@customer.test", "o'neil@a-b.c1.test", "x@localhost", "A@B.test"]

BAD_CONTENTS = [
    (LETTER.replace(b"bye\r\n", b"bye"), "CRLF"),
    (LETTER.replace(b"bye", b"b\nye"), "CRLF"),
    (LETTER.replace(b"bye", b"b\rye"), "CRLF"),
    (LETTER.replace(b"bye", b"b\n.\r\nye"), "CRLF"),
    (LETTER.replace(b"bye", b"b\0ye"), "NUL"),
    (LETTER.replace(b"bye", b"b" * 999), "998"),
    (LETTER.replace(b"Invoice 7", b"Invoice\x0b 7"), "control character"),
    (LETTER.replace(b"Invoice 7", "Rechnung für".encode()), "outside ASCII"),
    (LETTER.replace(b"Invoice 7", b"Invoice 7\r\nBcc: eve@evil.test"), "bcc"),
    (LETTER.replace(b"Invoice 7", b"Invoice 7\r\nTo: eve@evil.test"), "twice"),
    (LETTER.replace(b"Invoice 7", b"Invoice 7\r\nResent-To: eve@evil.test"), "resent-to"),
    (LETTER.replace(b"Invoice 7", b"Invoice 7\r\nno colon here"), "Name: value"),
    (LETTER.replace(b"Invoice 7", b"Invoice 7\r\n \t"), "Name: value"),
    (LETTER.replace(b"Date:", b" Date:"), "Name: value"),
    (LETTER.replace(b"From: billing@duly.test\r\n", b""), "from is missing"),
    (b"Subject: x\r\n", "no empty line"),
    (b"", "no empty line"),
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
async def test_an_address_that_is_not_plain_is_refused_before_connecting(address: str) -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        to_nobody = await channel.deliver(envelope(to=address), before_data=committed)
        from_nobody = await channel.deliver(envelope(sender=address), before_data=committed)
        assert isinstance(to_nobody, Refused)
        assert to_nobody.recipient
        assert isinstance(from_nobody, Refused)
        assert not from_nobody.recipient
        assert peer.connections == 0


@pytest.mark.parametrize("address", GOOD_ADDRESSES)
async def test_a_plain_address_goes_out_byte_for_byte(address: str) -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        assert isinstance(await channel.deliver(envelope(to=address), before_data=committed), Accepted)
        assert peer.lines[2] == b"RCPT TO:<" + address.encode() + b">"
        await channel.close()


@pytest.mark.parametrize(("content", "words"), BAD_CONTENTS, ids=[words for _, words in BAD_CONTENTS])
async def test_a_malformed_message_is_refused_before_connecting(content: bytes, words: str) -> None:
    async with scripted() as peer:
        outcome = await SmtpChannel(settings(peer.port)).deliver(envelope(content), before_data=committed)
        assert isinstance(outcome, Refused)
        assert words in outcome.text
        assert not outcome.recipient
        assert peer.connections == 0


async def test_folded_headers_and_lines_of_998_octets_are_fine() -> None:
    content = LETTER.replace(b"Invoice 7", b"Invoice\r\n\t7 and\r\n more").replace(b"bye", b"b" * 998)
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        assert isinstance(await channel.deliver(envelope(content), before_data=committed), Accepted)
        await channel.close()
        assert peer.messages[0].replace(b"\r\n..", b"\r\n.") == content
