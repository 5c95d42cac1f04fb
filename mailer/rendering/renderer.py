"""Templates and plain values to finished words: reminders, letters, and the printable parts of a case file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.rendering.environment import TemplateProblem, names_of, new_environment, problems_of
from mailer.rendering.formats import one_line
from mailer.rendering.shelves import HTML, PARTS, SUBJECT, TEXT, Shelves, TemplateName
from mailer.rendering.values import ReminderValues
from mailer.resources import templates_dir

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: The language that every template must have; others fall back to it.
FALLBACK_LANGUAGE = "en"
_MANY_EMPTY_LINES = "\n\n\n"
#: Not after "--" alone on a line: "-- " is the mark before a signature (RFC 3676 §4.3).
_TRAILING_SPACE = re.compile(r"(?<!^--)[ \t]+$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMail:
    """A finished message: one subject line, plain text and HTML, lines ended by LF.

    `language` is the one used, which is not the one wanted when the template does not exist in that.
    `template_hash` is the SHA-256 of the template's files and layouts: which version was sent.
    """

    subject: str
    text: str
    html: str
    template: str
    language: str
    template_hash: str


class Renderer:
    """Renders the shipped templates, each file overridden by the same file in the user's folder when there is one."""

    def __init__(self, user_templates: Path | None = None) -> None:
        self.user_templates = user_templates
        folders = (templates_dir(),) if user_templates is None else (user_templates, templates_dir())
        self.shelves = Shelves(folders)
        self._environment = new_environment(self.shelves)
        self._readings = 0

    def language_for(self, group: str, name: str, wanted: str) -> str:
        """Return the language in which that template can be rendered: the wanted one, else English.

        Raises TemplateProblem when there is no such template.
        """
        for language in (wanted, FALLBACK_LANGUAGE):
            if self.shelves.has(TemplateName(group=group, name=name, language=language)):
                return language
        known = sorted({found.name for found in self.shelves.names() if found.group == group and not found.is_layout})
        raise TemplateProblem(
            file=f"{group}/{name}/{FALLBACK_LANGUAGE}",
            line=None,
            reason=f"no such template with its three files {', '.join(PARTS)}; there are: {', '.join(known) or 'none'}",
        )

    def reminder(self, template: str, language: str, values: ReminderValues) -> RenderedMail:
        """Return the mail of `reminders/<template>` in that language, or in English when it has none in that.

        Raises TemplateProblem; ValueError when the values were formatted for another language than the one used.
        """
        return self._mail("reminders", template, language, values)

    def letter(self, template: str, language: str, values: ReminderValues) -> RenderedMail:
        """Return the letter of `letters/<template>`: heading, plain text and printable HTML; raises as `reminder`."""
        return self._mail("letters", template, language, values)

    def document(self, template: str, language: str, part: str, values: DataclassInstance) -> Iterator[str]:
        """Yield the pieces of one part ("body.txt", "body.html") of a template such as "dossier/chronology".

        The template may use the fields of `values`, and `subject`, its own rendered `subject.txt`. Pieces come as they
        are made, so that a long document is never whole in memory. Raises TemplateProblem.
        """
        group, _, name = template.partition("/")
        used = TemplateName(group=group, name=name, language=self.language_for(group, name, language))
        self._version(used)
        context = _context(values)
        context["subject"] = self._subject(used, context, names_of(values))
        with problems_of(used.part(part), (*names_of(values), "subject")):
            yield from self._environment.get_template(used.part(part)).generate(context)

    def _mail(self, group: str, name: str, language: str, values: ReminderValues) -> RenderedMail:
        used = TemplateName(group=group, name=name, language=self.language_for(group, name, language))
        if values.language != used.language:
            raise ValueError(
                f"{used.folder} was to be filled with amounts and dates written for {values.language!r}: "
                "build the values with the language that language_for() returns"
            )
        digest = self._version(used)
        context = _context(values)
        context["subject"] = self._subject(used, context, names_of(values))
        return RenderedMail(
            subject=str(context["subject"]),
            text=_tidy(self._part(used, TEXT, context)),
            html=_tidy(self._part(used, HTML, context)),
            template=name,
            language=used.language,
            template_hash=digest,
        )

    def _version(self, used: TemplateName) -> str:
        """Return the template's digest; asked before it is used, for it is here that edited files are noticed.

        Jinja would look at the time of every file for every mail, which took a fifth of the time of rendering.
        """
        with problems_of(used.folder, ()):
            digest = self.shelves.digest(used)
        if self._readings != self.shelves.readings and self._environment.cache is not None:
            self._environment.cache.clear()
            self._readings = self.shelves.readings
        return digest

    def _subject(self, used: TemplateName, context: dict[str, object], allowed: tuple[str, ...]) -> str:
        subject = one_line(self._part(used, SUBJECT, context))
        if not subject:
            raise TemplateProblem(file=used.part(SUBJECT), line=None, reason="the subject is empty", allowed=allowed)
        return subject

    def _part(self, used: TemplateName, part: str, context: dict[str, object]) -> str:
        with problems_of(used.part(part), tuple(context)):
            return self._environment.get_template(used.part(part)).render(context)


def _context(values: DataclassInstance) -> dict[str, object]:
    """Return the fields by name, not deep: templates see the very values."""
    return {field.name: getattr(values, field.name) for field in fields(values)}


def _tidy(text: str) -> str:
    """Return the text without trailing blanks, with at most one empty line in a row and one newline at the end."""
    if " \n" in text or "\t\n" in text:  # asked first: the pattern stops at every blank
        text = _TRAILING_SPACE.sub("", text)
    while _MANY_EMPTY_LINES in text:
        text = text.replace(_MANY_EMPTY_LINES, "\n\n")  # each round halves them: faster than a pattern
    return text.strip() + "\n"
