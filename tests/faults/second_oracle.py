"""Postfix's own `smtp-sink` as a receiving server that is not ours: what it has dumped, it has taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.history import Delivery
from tests.faults.victims import Place
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SinkServer, _read_dump

#: The empty line that the sink ends a dump with. Mail of which the end never came has none; its bytes tell as well.
_END = b"\n\n"


def dumped(sink: SinkServer) -> list[Delivery]:
    """Return what the sink has taken whole; a message whose sender died on the way is there in part, or gone again."""
    found = []
    for path in sorted(sink._dumps.iterdir()):  # named by the second, and after it at random: in no order of ours
        with suppress(FileNotFoundError):
            if path.read_bytes().endswith(_END):
                found.append(Delivery.of(_read_dump(path)))
    return found


@contextmanager
def a_postfix_place(folder: Path, dovecot: Dovecot, *, database_url: str, redis_url: str) -> Iterator[Place]:
    """Yield a place that sends to `smtp-sink`; nothing lays copies anywhere, so doubts stay doubts."""
    sink = SinkServer()
    place = Place(
        folder=folder,
        dovecot=dovecot,
        deliveries=lambda: dumped(sink),
        database_url=database_url,
        redis_url=redis_url,
        smtp_port=sink.port,
        commands=("worker", "worker"),
    )
    try:
        sink.start()
        yield place
    finally:
        place.close()
        sink.remove()
