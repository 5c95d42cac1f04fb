"""Real servers: the exact bytes arrive, encryption and login work, and what is wrong is said with its fix."""

from __future__ import annotations

import hmac
import ssl
from base64 import b64encode
from pathlib import Path

import pytest

from mailer.channels import CHANNELS, Channel, ChannelError, SmtpChannel, SmtpSettings
from mailer.domain.delivery import Accepted, Phase, Refused, TryLater, Unknown
from tests.edges.channels.scripted import LETTER, committed, envelope, scripted, settings
from tests.servers.dovecot import make_certificate
from tests.servers.process import free_port
from tests.servers.smtp import Fault, RecordingSmtp, SinkServer

LOGIN = {"username": "billing", "password": 'geheim für "uns"'}


async def test_aiosmtpd_gets_the_frozen_bytes(recording_smtp: RecordingSmtp) -> None:
    channel: Channel = CHANNELS["smtp"](settings(recording_smtp.port))
    outcome = await channel.deliver(envelope(), before_data=committed)
    await channel.close()
    peer = f"127.0.0.1:{recording_smtp.port}"
    assert outcome == Accepted(text="250 2.0.0 OK: queued", peer=peer, code=250, enhanced="2.0.0")
    [message] = recording_smtp.messages
    assert (message.sender, message.recipients) == ("billing@duly.test", ("ann@customer.test",))
    assert message.raw == LETTER


async def test_postfix_sink_gets_the_text(smtp_sink: SinkServer) -> None:
    channel = SmtpChannel(settings(smtp_sink.port))
    for _ in range(20):
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
    await channel.close()
    assert {message.raw for message in smtp_sink.messages} == {LETTER.replace(b"\r\n", b"\n")}
    assert len(smtp_sink.messages) == 20


@pytest.mark.parametrize("fault", list(Fault))
async def test_aiosmtpd_vanishing_is_open_only_when_some_of_the_message_had_left(
    recording_smtp: RecordingSmtp, fault: Fault
) -> None:
    recording_smtp.fault = fault
    outcome = await SmtpChannel(settings(recording_smtp.port)).deliver(envelope(), before_data=committed)
    found = type(outcome), outcome.phase
    never_began, began = (TryLater, Phase.DATA), {(Unknown, Phase.BODY), (Unknown, Phase.DOT)}
    match fault:
        case Fault.BEFORE_354:
            assert found == never_began
        case Fault.AFTER_354:  # the reset may be seen before the first byte was written, or not
            assert found in {never_began, *began}
        case Fault.AFTER_DOT_LOST | Fault.AFTER_DOT_KEPT:
            assert found in began


async def test_aiosmtpd_refusals_keep_their_words(recording_smtp: RecordingSmtp) -> None:
    recording_smtp.answers = {"ann@customer.test": "550 5.1.1 <ann@customer.test>: gone"}
    channel = SmtpChannel(settings(recording_smtp.port))
    outcome = await channel.deliver(envelope(), before_data=committed)
    await channel.close()
    assert isinstance(outcome, Refused)
    assert (outcome.text, outcome.recipient) == ("550 5.1.1 <ann@customer.test>: gone", True)


@pytest.mark.parametrize(
    ("tls", "security", "login", "method"),
    [("implicit", "tls", {}, ""), ("starttls", "starttls", LOGIN, "PLAIN")],
    ids=["tls", "starttls and login"],
)
async def test_encryption_and_login(tls: str, security: str, login: dict[str, str], method: str) -> None:
    expected = (login["username"], login["password"]) if login else None
    with RecordingSmtp(login=expected, tls=tls) as server:
        secure = {"host": "localhost", "security": security, "ca_file": str(server.ca_file)}
        channel = SmtpChannel(settings(server.port, **secure, **login))
        probe = await channel.probe()
        assert (probe.tls, probe.login, probe.peer) == ("TLSv1.3", method, f"localhost:{server.port}")
        outcome = await channel.deliver(envelope(), before_data=committed)
        await channel.close()
        assert isinstance(outcome, Accepted)
        assert outcome.tls == "TLSv1.3"
        assert server.messages[0].raw == LETTER


@pytest.mark.parametrize(
    ("security", "extensions", "verbs"), [("tls", (), []), ("starttls", ("STARTTLS",), ["EHLO", "STARTTLS"])]
)
@pytest.mark.parametrize(("host", "trusted"), [("localhost", False), ("127.0.0.2", True)])
async def test_an_untrusted_certificate_gets_nothing(
    tmp_path: Path, security: str, extensions: tuple[str, ...], verbs: list[str], host: str, *, trusted: bool
) -> None:
    certificate = make_certificate(tmp_path)
    async with scripted(extensions=(*extensions, "AUTH PLAIN"), host=host) as peer:
        peer.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        peer.tls.load_cert_chain(certificate, tmp_path / "key.pem")
        secure = {"host": host, "security": security, "ca_file": str(certificate) if trusted else None}
        channel = SmtpChannel(settings(peer.port, **secure, **LOGIN))
        with pytest.raises(ChannelError, match=r"certificate .* is not trusted .*host name .*ca_file"):
            await channel.probe()
        assert peer.verbs() == verbs


async def test_a_wrong_password_is_tried_once_and_fails_no_message() -> None:
    async with scripted({"AUTH": "535 5.7.8 wrong"}, extensions=("AUTH CRAM-MD5 PLAIN LOGIN",)) as peer:
        channel = SmtpChannel(settings(peer.port, **LOGIN))
        outcome = await channel.deliver(envelope(), before_data=committed)
        assert isinstance(outcome, TryLater)
        assert (outcome.text, outcome.code) == ("535 5.7.8 wrong", 535)
        assert peer.verbs() == ["EHLO", "AUTH", "QUIT"]


@pytest.mark.parametrize("method", ["LOGIN", "CRAM-MD5"])
async def test_servers_without_plain_are_logged_in_to_as_well(method: str) -> None:
    secret = b64encode(LOGIN["password"].encode()).decode()
    digest = hmac.new(LOGIN["password"].encode(), b"<1@scripted>", "md5").hexdigest()
    cram = b64encode(f"billing {digest}".encode()).decode()
    question = b64encode(b"<1@scripted>").decode()
    script = {"AUTH": f"334 {question}", secret: "235 2.7.0 welcome", cram: "235 2.7.0 welcome"}
    async with scripted(script, extensions=(f"AUTH {method}",)) as peer:
        assert (await SmtpChannel(settings(peer.port, **LOGIN)).probe()).login == method


async def test_a_wrong_password_is_said_with_the_servers_words_and_the_fix() -> None:
    with RecordingSmtp(login=(LOGIN["username"], LOGIN["password"]), tls="starttls") as server:
        secure = {"host": "localhost", "security": "starttls", "ca_file": str(server.ca_file)}
        channel = SmtpChannel(settings(server.port, **secure, username="billing", password="hush"))
        with pytest.raises(ChannelError, match=r"refuses the user name or password \(535 .*\): correct them") as raised:
            await channel.probe()
        assert "hush" not in str(raised.value)


async def test_starttls_at_the_port_for_tls_is_found_out(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    async with scripted() as peer:
        peer.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        peer.tls.load_cert_chain(certificate, tmp_path / "key.pem")
        with pytest.raises(ChannelError, match=r"did not answer within 0.3 s.*465"):
            await SmtpChannel(settings(peer.port, security="starttls", timeout_seconds=0.3)).probe()


async def test_a_missing_ca_file_is_named_and_sends_nothing() -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port, security="tls", ca_file="/nowhere/ca.pem"))
        with pytest.raises(ChannelError, match=r"CA file /nowhere/ca\.pem cannot be read"):
            await channel.probe()
        assert isinstance(await channel.deliver(envelope(), before_data=committed), TryLater)
        assert peer.connections == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"security": "tls"}, "does not speak TLS from the first byte .*587"),
        ({"security": "starttls"}, "STARTTLS"),
        (LOGIN, "offers no login .*none at all"),
        ({"port": free_port()}, "nothing listens"),
        ({"host": "no..host", "security": "tls"}, "cannot be used .*check host"),
    ],
    ids=["tls on 25", "no starttls", "no login", "no server", "no name"],
)
async def test_a_plain_server_is_not_used_as_if_it_were_a_secure_one(changes: dict[str, object], words: str) -> None:
    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port, **changes))
        with pytest.raises(ChannelError, match=words):
            await channel.probe()
        assert "AUTH" not in peer.verbs()


async def test_a_busy_server_is_told_from_a_refusing_one() -> None:
    async with scripted({"connect": "421 4.3.2 busy"}) as peer:
        with pytest.raises(ChannelError, match=r"refuses the session \(421 4.3.2 busy\)") as raised:
            await SmtpChannel(settings(peer.port)).probe()
        assert (raised.value.code, raised.value.reply) == (421, "421 4.3.2 busy")
    async with scripted({"AUTH": "454 4.7.0 later"}, extensions=("AUTH CRAM-MD5",)) as peer:
        with pytest.raises(ChannelError, match="cannot check the login now"):
            await SmtpChannel(settings(peer.port, **LOGIN)).probe()


@pytest.mark.parametrize("host", ["mail.example.com", "192.168.1.5", "0.0.0.0"])
def test_clear_text_never_leaves_this_machine(host: str) -> None:
    with pytest.raises(ChannelError, match="without encryption"):
        SmtpSettings(host=host, port=25, security="none")


def test_the_password_is_not_printed(tmp_path: Path) -> None:
    shown = repr(SmtpSettings(host="::1", port=25, security="none", password="hush", ca_file=str(tmp_path)))
    assert "hush" not in shown


async def test_a_server_whose_starttls_was_taken_out_on_the_way_never_sees_the_password() -> None:
    async with scripted(extensions=("8BITMIME", "AUTH PLAIN LOGIN CRAM-MD5")) as peer:
        channel = SmtpChannel(settings(peer.port, security="starttls", **LOGIN))
        with pytest.raises(ChannelError, match="STARTTLS"):
            await channel.probe()
        outcome = await channel.deliver(envelope(), before_data=committed)
        assert isinstance(outcome, TryLater)
        assert {"EHLO"} <= set(peer.verbs()) <= {"EHLO", "QUIT"}
        assert not [line for line in peer.lines if b"AUTH" in line or b64encode(b"billing") in line]
