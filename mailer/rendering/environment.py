"""The one Jinja environment: sandboxed, strict about unknown names, escaping in HTML only; and its errors in words."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from types import CodeType
from typing import Any

from jinja2 import (
    BytecodeCache,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    select_autoescape,
)
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from mailer.rendering.formats import aligned, html_paragraphs, shorten, wrap
from mailer.rendering.shelves import Shelves


class TemplateProblem(ValueError):
    """A template cannot be used as it stands: says which file and line, what is wrong and which names are allowed."""

    def __init__(self, *, file: str, line: int | None, reason: str, allowed: tuple[str, ...] = ()) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        self.allowed = allowed
        place = file if line is None else f"{file}, line {line}"
        names = f" (names allowed here: {', '.join(allowed)})" if allowed else ""
        super().__init__(f"{place}: {reason}{names}")


class _Unknown(StrictUndefined):
    """A name or a field that does not exist: any use of it is an error that names what there is instead."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return str(self._undefined_hint)
        if self._undefined_obj is missing:
            return f"{self._undefined_name!r} is not a name that this template may use"
        there = ", ".join(names_of(self._undefined_obj)) or "none"
        return f"{self._undefined_name!r} is not a field of this {type(self._undefined_obj).__name__}; it has: {there}"


def names_of(values: object) -> tuple[str, ...]:
    """Return the names a template may use for such values: the fields of a dataclass, () for anything else."""
    return tuple(field.name for field in fields(values)) if is_dataclass(values) else ()


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, which asks itself but once whether a template may see an attribute of a type."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._safe: dict[tuple[type, str], bool] = {}
        self._fields: set[tuple[type, str]] = set()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what the sandbox gives; a field of a value class that it gave once is given without asking again."""
        place = (type(obj), attribute)
        if place in self._fields:
            return getattr(obj, attribute)
        given = super().getattr(obj, attribute)
        if attribute in names_of(obj) and self.is_safe_attribute(obj, attribute, given):
            self._fields.add(place)
        return given

    def make_globals(self, d: Any) -> dict[str, Any]:
        """Return the names every template knows, as one dict: Jinja's chain of dicts is gone through for every mail."""
        return {**self.globals, **(d or {})}

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Return what the sandbox says: it goes by the type of the object and the name alone."""
        known = self._safe.get((type(obj), attr))
        if known is None:
            known = self._safe[type(obj), attr] = bool(super().is_safe_attribute(obj, attr, value))
        return known


class _Compiled(BytecodeCache):
    """What this process has compiled, for all of its environments: they have the same options."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of a file (the key is its name and place), unless its text is another by now."""
        text, code = self._codes.get(bucket.key, ("", None))
        bucket.code = code if text == bucket.checksum else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a file."""
        if bucket.code is not None:
            self._codes[bucket.key] = (bucket.checksum, bucket.code)


_COMPILED = _Compiled()


def new_environment(shelves: Shelves) -> ImmutableSandboxedEnvironment:
    """Return the environment over those folders; compiled templates stay in memory until its cache is emptied."""
    environment = _Environment(
        loader=shelves,
        undefined=_Unknown,
        autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=False, default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,  # as many as there are files, in a plain dict: the bounded one takes a lock for each look-up
        auto_reload=False,
        bytecode_cache=_COMPILED,
    )
    environment.filters.update(aligned=aligned, paragraphs=html_paragraphs, shorten=shorten, wrap=wrap)
    return environment


@contextmanager
def problems_of(file: str, allowed: tuple[str, ...]) -> Iterator[None]:
    """Turn whatever goes wrong inside a template into a TemplateProblem.

    `file` is the template asked for; the problem names the file and line where it happened, a layout perhaps.
    """
    try:
        yield
    except TemplateSyntaxError as error:
        place = error.filename or file
        raise TemplateProblem(file=place, line=error.lineno, reason=error.message or "syntax error") from error
    except TemplateNotFound as error:
        raise TemplateProblem(file=file, line=None, reason=f"there is no file {error.name!r}") from error
    except UndefinedError as error:
        place, line = _place(error, file)
        raise TemplateProblem(file=place, line=line, reason=error.message or "unknown name", allowed=allowed) from error
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        place, line = _place(error, file)
        raise TemplateProblem(file=place, line=line, reason=str(error) or type(error).__name__) from error


def _place(error: BaseException, file: str) -> tuple[str, int | None]:
    """Return the innermost template file and line in the error's trace (Jinja writes template lines into it)."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.endswith(".py")]
    return (frames[-1].filename, frames[-1].lineno) if frames else (file, None)
