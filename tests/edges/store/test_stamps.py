"""Time stamps over the log, with OpenSSL as the server: whatever comes is kept, and what does not hold has a name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from mailer.anchors.tsa import Tsa, TsaUnreachable
from mailer.flows.keep_log import LogKeeper, seal
from mailer.flows.prove_event import NothingSigned
from mailer.flows.recording import happened
from mailer.flows.stamp_log import RETRY, Stamper, StampRefused, StampReport, stamp_head, stamp_when_due
from mailer.flows.trusted_file import trusted_in
from mailer.flows.verify_record import Verified, verify_record
from mailer.record.stamp import OBTAINED, UNVERIFIED, Trusted
from mailer.record.tampering import Tampering
from mailer.settings import SettingsError
from mailer.store import events, stamps
from mailer.store.session import Store
from tests.edges.store.sealed import NOW, happen
from tests.servers.tsa import Authority, TsaServer, openssl_verifies, without_cert_req


@dataclass(slots=True)
class House:
    """A log, a time-stamp server, a clock to move, and a file of authorities."""

    keeper: LogKeeper
    tsa: TsaServer
    trusted: Callable[[], Trusted]
    now: datetime = NOW

    @property
    def store(self) -> Store:
        return self.keeper.store

    def clock(self) -> datetime:
        return self.now

    def stamper(self, seconds: float = 20) -> Stamper:
        tsa = Tsa(url=self.tsa.address, timeout_seconds=seconds)
        keeper = LogKeeper(store=self.store, data=self.keeper.data, address="ap@brightwater.example", clock=self.clock)
        return Stamper(keeper=keeper, peer=tsa.peer, ask=tsa.ask, trusted=self.trusted, every=timedelta(hours=24))

    async def grow(self) -> None:
        await happen(self.store, 2)
        await seal(self.stamper().keeper, at_once=True)

    async def due(self, seconds: float = 20) -> StampReport:
        return await stamp_when_due(self.stamper(seconds))

    async def verified(self) -> Verified:
        return await verify_record(self.store, self.keeper.data, trusted=self.trusted())

    async def tokens(self) -> list[stamps.ToldStamp]:
        async with self.store.reading() as tx:
            return [one async for one in stamps.told(tx)]

    async def told(self) -> list[str]:
        async with self.store.reading() as tx:
            return [one.type for one in await events.listing(tx) if one.type.startswith("anchor.")]

    async def does(self, *statements: str, **values: object) -> None:
        """Change the database as whoever owns it can."""
        async with self.store.transaction() as tx:
            for table in ("log_stamps", "log_checkpoints"):
                for name in ("update", "delete") if tx.dialect == "sqlite" else ():
                    await tx.connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{name}"))
                if tx.dialect != "sqlite":
                    await tx.connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            for one in statements:
                await tx.connection.execute(text(one), values)


@pytest.fixture
async def house(keeper: LogKeeper, tsa: TsaServer, authority: Authority) -> House:
    made = House(keeper=keeper, tsa=tsa, trusted=lambda: trusted_in(str(authority.ca)))
    await made.grow()
    return made


@pytest.mark.parametrize("section", ["plain", "full"])
async def test_a_stamp_is_kept_and_told(house: House, authority: Authority, tmp_path: Path, section: str) -> None:
    house.tsa.says = lambda asked: (200, authority.reply(asked, section=section))
    done = await stamp_head(house.stamper(), actor="person:1")
    assert (done.size, done.unverified) == (2, "")
    (one,) = await house.tokens()
    assert one.token is not None
    assert one.note is not None
    assert one.type == OBTAINED
    assert one.said["stamp_sha256"] == hashlib.sha256(one.token).hexdigest() == done.sha256
    assert one.said["head_sha256"] == hashlib.sha256(one.note.encode()).hexdigest()
    (tmp_path / "a.tsr").write_bytes(one.token)
    (tmp_path / "a").write_text(one.note, "utf-8")
    assert openssl_verifies(tmp_path / "a.tsr", tmp_path / "a", authority.ca)
    found = await house.verified()
    assert (found.findings, found.stamps, found.stamps_unverified) == ((), 1, 0)


async def test_a_signer_may_be_certified_by_way_of_another(house: House, tmp_path: Path) -> None:
    far = Authority(tmp_path / "far", "Far CA", between=True)
    house.trusted = lambda: trusted_in(str(far.ca))
    house.tsa.says = lambda asked: (200, far.reply(asked, section="full"))
    assert (await stamp_head(house.stamper(), actor="person:1")).unverified == ""
    house.tsa.says = lambda asked: (200, far.reply(asked))
    assert "does not lead" in (await stamp_head(house.stamper(), actor="person:1")).unverified


async def test_one_without_certificates_holds_once_its_signer_is_known(house: House, authority: Authority) -> None:
    house.tsa.says = lambda asked: (200, authority.reply(without_cert_req(asked)))
    assert "does not lead" in (await stamp_head(house.stamper(), actor="person:1")).unverified
    assert await house.told() == [UNVERIFIED]
    assert (await house.verified()).stamps_unverified == 1
    house.trusted = lambda: trusted_in(str(authority.chain))
    assert (await house.verified()).stamps == 1
    assert not (await stamp_head(house.stamper(), actor="person:1")).unverified


def _broken_ca() -> Trusted:
    raise SettingsError("ca.pem cannot be read")


async def test_what_cannot_be_verified_is_kept_all_the_same(house: House, stranger: Authority) -> None:
    for trusted in (lambda: trusted_in(str(stranger.ca)), lambda: (), _broken_ca):
        house.trusted = trusted
        assert (await stamp_head(house.stamper(), actor="person:1")).unverified
    assert await house.told() == [UNVERIFIED] * 3
    house.trusted = lambda: trusted_in(str(stranger.ca))
    found = await house.verified()
    assert (found.findings, found.stamps, found.stamps_unverified) == ((), 0, 3)


async def test_what_the_library_cannot_read_is_kept(house: House, authority: Authority) -> None:
    house.tsa.says = lambda asked: (200, authority.reply(asked)[:-40])
    done = await stamp_head(house.stamper(), actor="person:1")
    assert (done.at, "cannot be read here" in done.unverified) == (None, True)


async def test_what_can_never_prove_anything_is_not_kept(house: House, authority: Authority) -> None:
    async def fails(body: bytes, words: str) -> None:
        house.tsa.says = lambda _: (200, body)
        with pytest.raises(StampRefused, match=words):
            await stamp_head(house.stamper(), actor="person:1")

    await fails(authority.stamp(b"another"), "something else")
    await fails(authority.reply(b"no request"), "rejection")
    await fails(b"<html>", "no time stamp")
    await fails(b"", "no time stamp")
    house.tsa.says = lambda _: (503, b"busy")
    with pytest.raises(TsaUnreachable, match="HTTP 503"):
        await stamp_head(house.stamper(), actor="person:1")
    house.tsa.says = lambda _: (302, b"")
    with pytest.raises(TsaUnreachable, match="HTTP 302"):
        await stamp_head(house.stamper(), actor="person:1")
    house.tsa.says = lambda _: (200, b"\x30" * 200_000)
    with pytest.raises(TsaUnreachable, match="RemoteProtocolError"):
        await stamp_head(house.stamper(), actor="person:1")
    house.tsa.drips = True
    with pytest.raises(TsaUnreachable, match="RemoteProtocolError"):
        await stamp_head(house.stamper(), actor="person:1")
    house.tsa.drips, house.tsa.waits_seconds = False, 3.0
    with pytest.raises(TsaUnreachable, match=r"within 0\.2 s"):
        await stamp_head(house.stamper(0.2), actor="person:1")
    assert await house.tokens() == []


async def test_an_old_answer_of_the_server_is_not_taken_for_a_new_one(house: House, authority: Authority) -> None:
    old: list[bytes] = []

    def says(asked: bytes) -> tuple[int, bytes]:
        old.append(authority.reply(asked))
        return 200, old[0]

    house.tsa.says = says
    assert (await stamp_head(house.stamper(), actor="person:1")).unverified == ""
    assert "another nonce" in (await stamp_head(house.stamper(), actor="person:1")).unverified


async def test_the_service_asks_when_something_happened_and_not_too_often(house: House) -> None:
    assert await house.due() == StampReport(stamped=2)
    await house.grow()
    assert await house.due() == StampReport()
    house.now += timedelta(hours=25)
    assert await house.due() == StampReport(stamped=5)  # the stamp's own event is a leaf, too
    await seal(house.stamper().keeper, at_once=True)
    house.now += timedelta(hours=25)
    assert await house.due() == StampReport()  # nothing but that
    await house.grow()
    assert (await house.due()).stamped == 8
    assert len(house.tsa.asked) == 3
    assert (await house.verified()).findings == ()


async def test_a_server_that_is_down_is_left_alone_for_a_while_and_the_log_goes_on(house: House) -> None:
    house.tsa.says = lambda _: (500, b"")
    first = await house.due()
    assert (first.stamped, "HTTP 500" in first.trouble) == (0, True)
    await house.grow()
    house.now += RETRY / 2
    assert await house.due() == first
    assert len(house.tsa.asked) == 1
    house.tsa.says = lambda asked: (200, house.tsa.authority.reply(asked))
    house.now += RETRY
    assert await house.due() == StampReport(stamped=4)
    house.now -= timedelta(days=300)  # a clock that was put right
    assert (await house.due()).trouble == ""


async def test_before_anything_is_signed_there_is_nothing_to_stamp(keeper: LogKeeper, tsa: TsaServer) -> None:
    house = House(keeper=keeper, tsa=tsa, trusted=tuple)
    assert await house.due() == StampReport()
    with pytest.raises(NothingSigned):
        await stamp_head(house.stamper(), actor="person:1")


ATTACKS: dict[Tampering, tuple[str, ...]] = {
    Tampering.STAMP_MISSING: ("DELETE FROM log_stamps",),
    Tampering.STAMP_ADDED: ("INSERT INTO log_stamps SELECT 'stamp_x', size, asked_at, token FROM log_stamps",),
    Tampering.STAMP_CHANGED: ("UPDATE log_stamps SET token = :token",),
    Tampering.STAMP_OF_OTHER_DATA: ("UPDATE log_checkpoints SET note = :note WHERE size = 2",),
}


@pytest.mark.parametrize("what", ATTACKS)
async def test_what_was_done_to_a_stamp_is_named(house: House, authority: Authority, what: Tampering) -> None:
    await stamp_head(house.stamper(), actor="person:1")
    (one,) = await house.tokens()
    note = (one.note or "") + "\N{EM DASH} witness.example AAAAAAAA\n"
    values = {"token": authority.stamp(b"another"), "note": note}
    statement = ATTACKS[what][0]
    await house.does(statement, **{name: value for name, value in values.items() if f":{name}" in statement})
    assert what in {found.what for found in (await house.verified()).findings}


async def test_another_authority_in_the_settings_shows(house: House, stranger: Authority) -> None:
    await stamp_head(house.stamper(), actor="person:1")
    house.trusted = lambda: trusted_in(str(stranger.ca))
    (found,) = (await house.verified()).findings
    assert (found.what, "anchors.ca_file" in found.words) == (Tampering.STAMP_UNTRUSTED, True)


async def test_a_stamp_that_never_held_and_is_said_to_have_shows(house: House) -> None:
    """Whoever has the log's key can write such an event; the stamp itself is not theirs to make."""
    await stamp_head(house.stamper(), actor="person:1")
    (one,) = await house.tokens()
    assert one.token is not None
    forged = one.token[:-1] + bytes([one.token[-1] ^ 1])
    payload: dict[str, object] = {**one.said, "stamp_sha256": hashlib.sha256(forged).hexdigest()}
    event = happened(OBTAINED, now=NOW, actor="person:1", refs={"stamp": "stamp_x"}, payload=payload)
    async with house.store.transaction() as tx:
        await stamps.put(tx, stamps.KeptStamp(id="stamp_x", size=2, asked_at=NOW, token=forged))
        await events.record(tx, [event])
    assert [found.what for found in (await house.verified()).findings] == [Tampering.STAMP_ALTERED]


async def test_stamps_are_only_added(house: House) -> None:
    await stamp_head(house.stamper(), actor="person:1")
    for statement in ("DELETE FROM log_stamps", "UPDATE log_stamps SET size = 9"):
        with pytest.raises(Exception, match="append-only"):
            async with house.store.transaction() as tx:
                await tx.connection.execute(text(statement))
