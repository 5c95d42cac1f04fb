"""Hostile IMAP servers: refused or left in time, with memory bounded, and the password never sent in clear."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

from mailer.mailbox import ImapMailbox, ImapSettings, MailboxError, MailboxRefused, MailboxUnreachable
from tests.edges.mailbox.scripted import Cut, Script, scripted

MB = 1024 * 1024
SIZE = b"* 1 FETCH (UID 1 RFC822.SIZE 100)\r\n"
BODY = "UID FETCH 1 (UID INT"
#: A line of 1 MB, many times over: never an end.
ENDLESS = (b"x" * MB,) * 24
ALERTS = b"* OK [ALERT] your mailbox will explode, call this number\r\n" * 20_000

HOSTILE: dict[str, Script] = {
    "a literal of 4 GB": {BODY: (b"* 1 FETCH (UID 1 BODY[] {4294967296}\r\n", *ENDLESS)},
    "a literal of 19 digits": {BODY: (b"* 1 FETCH (UID 1 BODY[] {9999999999999999999}\r\n",)},
    "a literal of 30 digits": {BODY: (b"* 1 FETCH (UID 1 BODY[] {" + b"9" * 30 + b"}\r\n", Cut.SILENCE)},
    "a literal much longer than stated": {
        BODY: (b"* 1 FETCH (UID 1 BODY[] {%d}\r\n" % (40 * MB), *(b"x" * MB,) * 40, b")\r\n%t OK\r\n")
    },
    "a negative literal": {BODY: (b"* 1 FETCH (UID 1 BODY[] {-5}\r\n", Cut.SILENCE)},
    "a line without end": {BODY: (b"* ", *ENDLESS)},
    "a greeting without end": {"connect": (b"* OK ", *ENDLESS)},
    "a tagged answer without end": {"UID FETCH 1 (UID RFC": (b"%t OK ", *ENDLESS)},
    "the same mail without end": {BODY: (b"* 1 FETCH (UID 1 BODY[] {1000000}\r\n" + b"x" * 1_000_000 + b")\r\n",) * 40},
    "alerts without end": {"UID FETCH 1 (UID RFC": (ALERTS,) * 7},
    "alerts at login": {"LOGIN": (ALERTS,) * 7},
    "folders without end": {"EXAMINE": (b'* LIST () "/" a\r\n' * 20_000,) * 7},
    "only silence after half a mail": {BODY: (b"* 1 FETCH (UID 1 BODY[] {100}\r\nhalf", Cut.SILENCE)},
    "a byte now and then": {BODY: (b"* 1 FETCH (UID 1 BODY[] {100}\r\n", *(b"x",) * 60, Cut.SILENCE)},
    "NUL and 8 bit": {"EXAMINE": (b"\0\xff\xfe\r\n",)},
    "a foreign tag": {"EXAMINE": (b"ZZZ99 OK fine\r\n",)},
    "an answer before the question": {"CAPABILITY": (b"%t OK\r\nDABC1 OK\r\n%t OK\r\n",)},
    "a greeting that refuses": {"connect": (b"* NO go away\r\n",)},
    "a greeting of another protocol": {"connect": (b"220 smtp ready\r\n",)},
    "TLS bytes instead of a greeting": {"connect": (b"\x16\x03\x01\x02\x00\x01\x00\r\n",)},
    "a farewell instead of an answer": {"EXAMINE": (b"* BYE\r\n", Cut.DROP)},
    "questions without end": {"EXAMINE": (b"+ more?\r\n" * 1000, Cut.SILENCE)},
}


async def read(settings: ImapSettings) -> None:
    async with ImapMailbox(settings) as mailbox:
        await mailbox.examine("INBOX")
        await mailbox.fetch((1,))


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_server_is_left_in_time_with_little_memory(case: str) -> None:
    script: Script = {**HOSTILE[case], "UID FETCH 1 (UID RFC": HOSTILE[case].get("UID FETCH 1 (UID RFC", (SIZE,))}
    silent = any(Cut.SILENCE in steps for steps in HOSTILE[case].values())
    async with scripted(script) as peer:
        tracemalloc.start()
        try:
            async with asyncio.timeout(60):
                with pytest.raises(MailboxError) as raised:
                    await read(peer.settings(timeout_seconds=0.5 if silent else 20))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 150 * MB
        assert len(str(raised.value)) < 500 + len("".join(map(str, HOSTILE[case].values()))) // 1000
        assert "hush-hush" not in str(raised.value)


@pytest.mark.parametrize("greeting", [b"* PREAUTH you are in\r\n", b"* preauth\r\n", b"* BYE\r\n", b"* OKAY\r\n"])
async def test_no_credentials_are_given_to_a_server_that_greets_otherwise_than_asked(greeting: bytes) -> None:
    async with scripted({"connect": (greeting,)}) as peer:
        with pytest.raises(MailboxUnreachable, match=r"greets with|server closed"):
            await ImapMailbox(peer.settings(timeout_seconds=5)).connect()
        assert peer.lines == []


async def test_a_server_without_tls_gets_no_password_when_tls_is_asked_for() -> None:
    async with scripted() as peer:
        settings = peer.settings(timeout_seconds=5)
        secure = ImapSettings(
            host="localhost", port=settings.port, security="tls", username="billing", password="hush-hush"
        )
        with pytest.raises(MailboxRefused, match="TLS"):
            await ImapMailbox(secure).connect()
        assert not any("hush" in line or "LOGIN" in line for line in peer.lines)


async def test_a_small_mail_with_many_alerts_around_it_still_arrives() -> None:
    some = b"* OK [ALERT] quota\r\n" * 500
    script: Script = {
        BODY: (some, b"* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n", some),
        "UID FETCH 1 (UID RFC": (SIZE,),
    }
    async with scripted(script) as peer, ImapMailbox(peer.settings()) as mailbox:
        await mailbox.examine("INBOX")
        [mail] = await mailbox.fetch((1,))
        assert mail.raw == b"hello"
