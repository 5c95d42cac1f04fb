"""What begins to leave is noted right before: after the 354, before the first byte, and never when nothing leaves."""

from __future__ import annotations

import pytest

from mailer.channels import SmtpChannel
from mailer.domain.delivery import Accepted
from tests.edges.channels.scripted import Cut, Script, committed, envelope, scripted, settings


class CannotNoteError(Exception):
    """The note could not be written."""


@pytest.mark.parametrize(
    ("script", "noted"),
    [
        ({}, 1),
        ({"dot": "554 5.7.1 no"}, 1),
        ({"dot": Cut.DROP}, 1),
        ({"DATA": "451 4.3.0 later"}, 0),
        ({"DATA": Cut.DROP}, 0),
        ({"RCPT": "550 5.1.1 nobody"}, 0),
    ],
)
async def test_it_is_noted_once_and_only_when_the_server_waits_for_it(script: Script, noted: int) -> None:
    notes = []
    async with scripted(script) as peer:
        channel = SmtpChannel(settings(peer.port))
        await channel.deliver(envelope(), before_data=committed, before_body=lambda: notes.append(len(peer.messages)))
        await channel.close()
    assert notes == [0] * noted


async def test_without_the_note_nothing_leaves_and_the_session_is_not_used_again() -> None:
    def fails() -> None:
        raise CannotNoteError

    async with scripted() as peer:
        channel = SmtpChannel(settings(peer.port))
        with pytest.raises(CannotNoteError):
            await channel.deliver(envelope(), before_data=committed, before_body=fails)
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        await channel.close()
        assert len(peer.messages) == 1
