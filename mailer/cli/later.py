"""Commands that are loaded when they are run: all of them together take longer than most of them do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer.main
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A word of the command line: `help` in one line, and the module whose `register` adds it.

    `words` are those below it where each of these names its module itself; they have no `module` then.
    """

    help: str
    module: str = ""
    register: str = "register"
    words: Mapping[str, Part] = field(default_factory=lambda: MappingProxyType({}))


class Later(TyperCommand):
    """A command of which only its name and line of help are known yet."""

    def __init__(self, name: str, part: Part) -> None:
        super().__init__(name=name, help=part.help)
        self._part = part

    def loaded(self) -> Any:
        """Return the command itself."""
        name, part = str(self.name), self._part
        if part.words:
            return typer.main.get_group(_plain(name=name, help=part.help, no_args_is_help=True, cls=branch(part.words)))
        found = _registered(part.module, part.register)[name]
        if isinstance(found, TyperGroup):
            found.help = part.help
        return found


def _plain(**values: Any) -> typer.Typer:
    """Return a part of the tree; what the whole says of its looks reaches only what it is built with."""
    return typer.Typer(rich_markup_mode=None, **values)


@cache
def _registered(module: str, register: str) -> Mapping[str, Any]:
    """Return the commands that a module adds, by name."""
    app = _plain()
    getattr(import_module(module), register)(app)
    return typer.main.get_group(app).commands


def branch(parts: Mapping[str, Part]) -> type[TyperGroup]:
    """Return the class of a group whose commands are these, each loaded when it is run."""

    class Branch(TyperGroup):
        def __init__(self, **values: Any) -> None:
            super().__init__(**values)
            self.commands = {name: Later(name, part) for name, part in parts.items()}

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            """Return the command that is meant by the first word, loaded."""
            name, found, rest = super().resolve_command(ctx, args)
            return name, found.loaded() if isinstance(found, Later) else found, rest

    return Branch
