"""Every command explains itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from mailer.cli.later import Later
from mailer.cli.tree import FIRST, INBOX, NOUNS
from workers.command import RUNNING, app


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path), command
        return
    for name, child in children.items():
        yield from _commands(child.loaded() if isinstance(child, Later) else child, (*path, name))


COMMANDS: dict[str, Any] = dict(_commands(typer.main.get_command(app)))
LINES = FIRST | RUNNING | {f"inbox {name}": part for name, part in INBOX.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_its_help_shows_an_example_that_names_it(name: str) -> None:
    text = COMMANDS[name].help or ""
    assert "Example:" in text
    assert name in text.partition("Example:")[2]


@pytest.mark.parametrize("name", LINES)
def test_the_line_in_the_list_is_what_its_own_help_begins_with(name: str) -> None:
    assert COMMANDS[name].help.startswith(LINES[name].help)


@pytest.mark.parametrize("name", [*NOUNS, "inbox"])
def test_a_noun_says_in_its_own_help_what_the_list_says(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0
    assert " ".join(NOUNS[name].help.split()) in " ".join(shown.output.split())
    assert "\u2500" not in shown.output  # no boxes


def test_a_mistyped_word_gets_a_suggestion() -> None:
    refused = CliRunner().invoke(app, ["inbox", "raed"])
    assert refused.exit_code == 2
    assert "No such command 'raed'. Did you mean 'read'?" in refused.output


@pytest.mark.parametrize(
    ("words", "heavy"),
    [(["--help"], ["sqlalchemy", "numpy", "pydantic"]), (["inbox", "read", "--help"], ["sqlalchemy", "jinja2"])],
)
def test_what_a_command_does_not_need_is_not_loaded(words: list[str], heavy: list[str]) -> None:
    program = (
        "import sys; from workers.command import app\n"
        f"app({words}, standalone_mode=False); sys.exit(any(name in sys.modules for name in {heavy}))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


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
