"""What `duly template list` and `duly template copy` do: which templates there are, and copies to change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mailer.rendering.environment import TemplateProblem
from mailer.rendering.renderer import FALLBACK_LANGUAGE
from mailer.rendering.shelves import PARTS, Shelves, TemplateName
from mailer.resources import templates_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateListing:
    """One template and where its three files come from: "shipped", "yours", or "mixed"; layouts start with "_"."""

    template: TemplateName
    origin: str


def list_templates(user_templates: Path | None = None) -> tuple[TemplateListing, ...]:
    """Return every template, layouts included, sorted by group, name and language."""
    shipped = templates_dir()
    shelves = Shelves((shipped,) if user_templates is None else (user_templates, shipped))
    return tuple(
        TemplateListing(template=name, origin=_origin(name, shelves, user_templates)) for name in shelves.names()
    )


def copy_template(group: str, name: str, language: str, target: Path) -> tuple[Path, ...]:
    """Copy the three shipped files of a template to `target`/<group>/<name>/<language>, to be changed there.

    A language that is not shipped starts as a copy of the English words, together with the group's layout. Returns
    the files written. Raises TemplateProblem when there is no such template or a file would be overwritten.
    """
    names = [TemplateName(group=group, name=name, language=language)]
    shelves = Shelves((templates_dir(),))
    source = language if shelves.has(names[0]) else FALLBACK_LANGUAGE
    layout = TemplateName(group=group, name="_base", language=language)
    if source != language and shelves.has(_in(layout, source)) and not Shelves((target,)).has(layout):
        names.append(layout)
    copies: dict[Path, str] = {}
    for one in names:
        for part in PARTS:
            original = shelves.find(_in(one, source).part(part))
            if original is None:
                raise TemplateProblem(
                    file=f"{group}/{name}", line=None, reason="there is no shipped template of that name"
                )
            words = original.read_text(encoding="utf-8")
            copies[target / one.part(part)] = words.replace(f"/_base/{source}/", f"/_base/{language}/")
    return _written(copies)


def _written(copies: dict[Path, str]) -> tuple[Path, ...]:
    for path in copies:
        if path.exists():
            raise TemplateProblem(
                file=str(path), line=None, reason="there is already a file; move it away to start anew"
            )
    for path, words in copies.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words, encoding="utf-8")
    return tuple(copies)


def _in(template: TemplateName, language: str) -> TemplateName:
    return TemplateName(group=template.group, name=template.name, language=language)


def _origin(name: TemplateName, shelves: Shelves, user_templates: Path | None) -> str:
    found = [path for part in PARTS if (path := shelves.find(name.part(part))) is not None]
    own = sum(user_templates is not None and path.is_relative_to(user_templates) for path in found)
    return "shipped" if own == 0 else "yours" if own == len(found) else "mixed"
