"""Every setting has a line in the shipped defaults, and every line there is a setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from mailer.settings import Settings, defaults

#: Given on the command line, or by DULY_DATA: where config.toml is cannot stand in it.
NOT_IN_THE_FILE = {"data"}


def field_names(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Dotted names of every setting ("smtp.host")."""
    for name, field in model.model_fields.items():
        part = field.annotation
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield from field_names(part, f"{above}{name}.")
        else:
            yield above + name


def line_names(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted names of every value in the file; an empty table such as `assignments` is a value."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from line_names(value, f"{above}{name}.")
        else:
            yield above + name


def test_the_defaults_and_the_settings_have_the_same_names() -> None:
    assert set(field_names(Settings)) - NOT_IN_THE_FILE == set(line_names(defaults()))


def test_the_names_are_those_that_a_user_writes() -> None:
    assert {"database_url", "smtp.host", "imap.plus_addressing", "sending.assignments"} <= set(field_names(Settings))
