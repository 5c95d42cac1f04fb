"""The link to the submission server is lost at every byte: the outcome is never a lie, and nothing is sent twice.

Row A4 of the fault list: what the channel says is held against what the server has, and against the truth table:
no 354, no byte of the message: certain. Some of it sent, no answer: nobody knows. An answer: that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from mailer.channels import SmtpChannel
from mailer.domain.delivery import Accepted, Outcome, Phase, TryLater, Unknown
from tests.edges.channels.scripted import LETTER, committed, envelope, settings
from tests.faults.proxy import Cut, How, cut_proxy
from tests.servers.smtp import RecordingSmtp

ABREAST = 8
READY = b"354 End data with <CR><LF>.<CR><LF>\r\n"
#: A stalled link is given up soon; the answer to the dot a little later, as in life.
SOON = {"timeout_seconds": 1.5, "data_start_seconds": 1.5, "data_done_seconds": 1.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Bytes that have passed, up and down, at the ends of the steps."""

    data_up: int
    dot_up: int
    ready_down: int
    answer_down: int


def address(number: int) -> str:
    return f"c{number:06}@customer.test"  # as long as every other: the layout stays


def wanted(cut: Cut, at: Layout) -> set[tuple[type[Outcome], Phase | None]]:
    """What may be said after this cut; a phase of None is any."""
    begun = {(Unknown, Phase.BODY), (Unknown, Phase.DOT)}
    never_began: set[tuple[type[Outcome], Phase | None]] = {(TryLater, None)}
    first, last = (at.data_up, at.dot_up) if cut.direction == "up" else (at.ready_down, at.answer_down)
    if cut.at < first:
        return never_began
    if cut.at == first:  # the 354 has come or is just coming: the first byte of the message may have been written
        return never_began | begun
    if cut.at < last:
        return {*begun}
    if cut.direction == "up" and cut.at == last and cut.how is not How.STALL:
        return {*begun, (Accepted, Phase.DOT)}  # the dot has arrived, and its answer may outrun the end of the link
    return {(Accepted, Phase.DOT)} if cut.direction == "down" or cut.at > last else {(Unknown, Phase.DOT)}


async def laid_out(server: RecordingSmtp, secure: dict[str, object]) -> Layout:
    async with cut_proxy(server.host, server.port) as (host, port, proxy):
        channel = SmtpChannel(settings(port, **{"host": host, **secure}))
        passed: list[int] = []

        async def counted() -> bool:
            passed.extend((proxy.up, proxy.down))
            return True

        assert isinstance(await channel.deliver(envelope(to=address(0)), before_data=counted), Accepted)
        up, down = passed
        stuffed = len(LETTER) + LETTER.count(b"\n.") + len(b".\r\n")
        data_up = up + len(b"DATA\r\n")
        layout = Layout(data_up=data_up, dot_up=data_up + stuffed, ready_down=down + len(READY), answer_down=proxy.down)
        assert secure or proxy.up == layout.dot_up
        await channel.close()
        return layout


async def one(
    server: RecordingSmtp, cut: Cut, number: int, layout: Layout | None, secure: dict[str, object]
) -> Outcome:
    """Deliver over a link that is lost there, and again when that is allowed; return what was said first."""
    message = envelope(to=address(number))
    async with cut_proxy(server.host, server.port, cut) as (host, port, _proxy):
        patience = SOON if cut.how is How.STALL else {}
        channel = SmtpChannel(settings(port, **{"host": host, **secure, **patience}))
        first = await channel.deliver(message, before_data=committed)
        kept = sum(one.recipients == (message.recipient,) for one in list(server.messages))
        assert isinstance(first, Unknown) or kept == isinstance(first, Accepted), (cut, first)
        if layout is not None:
            said = {(type(first), first.phase), (type(first), None)}
            assert said & wanted(cut, layout), (cut, layout, first)
        await channel.close()
        if isinstance(first, TryLater):
            channel = SmtpChannel(settings(port, **{"host": host, **secure}))
            again = await channel.deliver(message, before_data=committed)
            assert isinstance(again, Accepted), (cut, first, again)
            await channel.close()
    return first


async def everywhere(
    server: RecordingSmtp, cuts: list[Cut], layout: Layout | None, secure: dict[str, object]
) -> Counter[str]:
    lanes = asyncio.Semaphore(ABREAST)

    async def in_turn(work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        async with lanes:
            return await work()

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(in_turn(lambda cut=cut, n=n: one(server, cut, n, layout, secure)))  # type: ignore[misc]
            for n, cut in enumerate(cuts, start=1)
        ]
    outcomes = [task.result() for task in tasks]
    copies = Counter(message.recipients for message in list(server.messages))
    assert max(copies.values()) == 1
    said = {address(n): outcome for n, outcome in enumerate(outcomes, start=1)}
    lost = [to for to, outcome in said.items() if not isinstance(outcome, Unknown) and not copies[(to,)]]
    assert lost == []
    assert {message.raw for message in server.messages} == {LETTER}
    return Counter(type(outcome).__name__ for outcome in outcomes)


def cuts_of(layout: Layout, hows: tuple[How, ...], every: int) -> list[Cut]:
    ends = {"up": layout.dot_up, "down": layout.answer_down}
    edges = {"up": (layout.data_up, layout.dot_up - 1), "down": (layout.ready_down, layout.answer_down - 1)}
    return [
        Cut(at=at, direction=direction, how=how)
        for direction, end in ends.items()
        for at in sorted({*range(1, end + 1, every), *edges[direction], end})
        for how in hows
    ]


@contextmanager
def recorder(tls: str) -> Iterator[tuple[RecordingSmtp, dict[str, object]]]:
    with RecordingSmtp(tls=tls) as server:
        secure: dict[str, object] = {"host": "localhost", "security": "tls", "ca_file": str(server.ca_file)}
        yield server, secure if tls != "none" else {}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.full)])
async def test_a_link_that_ends_at_any_byte_never_makes_a_lie_or_a_double(every: int) -> None:
    with recorder("none") as (server, secure):
        layout = await laid_out(server, secure)
        cuts = cuts_of(layout, (How.CLOSE, How.RESET), every)
        said = await everywhere(server, cuts, layout, secure)
        print(f"A4: {len(cuts)} links ended, every {every}: {dict(said)}, lost 0, doubled 0")
        assert set(said) == {"TryLater", "Unknown", "Accepted"}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("every", [61, pytest.param(1, marks=pytest.mark.full)])
async def test_a_link_that_falls_silent_at_any_byte_never_makes_a_lie_or_a_double(every: int) -> None:
    with recorder("none") as (server, secure):
        layout = await laid_out(server, secure)
        cuts = cuts_of(layout, (How.STALL,), every)
        said = await everywhere(server, cuts, layout, secure)
        print(f"A4: {len(cuts)} links fell silent, every {every}: {dict(said)}, lost 0, doubled 0")
        assert set(said) == {"TryLater", "Unknown", "Accepted"}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("every", [211, pytest.param(5, marks=pytest.mark.full)])
async def test_under_tls_a_lost_link_never_makes_a_lie_or_a_double(every: int) -> None:
    """Records of TLS do not end where commands do: here what is said is held against the server alone."""
    with recorder("implicit") as (server, secure):
        layout = await laid_out(server, secure)
        whole = replace(layout, dot_up=layout.dot_up + 200)  # its records are longer than what they carry
        cuts = cuts_of(whole, (How.CLOSE, How.RESET), every)
        said = await everywhere(server, cuts, None, secure)
        print(f"A4 under TLS: {len(cuts)} links ended, every {every}: {dict(said)}, lost 0, doubled 0")
        assert said["TryLater"] > 0
