"""Every command explains itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from mailer.cli.tree import app
from workers import command as _adds_its_commands  # noqa: F401


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path), command
        return
    for name, child in children.items():
        yield from _commands(child, (*path, name))


COMMANDS: dict[str, Any] = dict(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_its_help_shows_an_example_that_names_it(name: str) -> None:
    text = COMMANDS[name].help or ""
    assert "Example:" in text
    assert name in text.partition("Example:")[2]


def test_the_house_plans_commands_are_there() -> None:
    promised = """
        init, login, doctor, demo, serve, worker, run, pause, resume, status, preview, simulate, backup,
        customers import, customers add, customers list, customers show, invoices import, invoices add, invoices list,
        invoices show, invoices hold, invoices release, payments import, payments add, payments list, policy list,
        policy show, policy check, policy diff, template list, template copy, template check, inbox fetch, inbox list,
        inbox show, inbox assign, inbox decide, inbox read, inbox decided, inbox replay, inbox reprocess,
        inbox authenticate, outbox list,
        outbox show, outbox resolve, promise list, promise add, promise confirm, promise close, dispute list,
        dispute add, dispute close, note add, call add, letter add, meeting add, case list, case show, case why,
        case export, case verify, case close, log list, log verify, log checkpoint, log prove, log restart,
        log rotate, log stamp, log anchors, subject export, subject erase, subject hold, subject release, subject due,
        witness init, witness serve
    """
    missing = {" ".join(name.split()) for name in promised.split(",")} - set(COMMANDS)
    assert missing == set()
