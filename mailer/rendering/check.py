"""What `duly template check` does: every template, in every language, with every sample."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.rendering.environment import TemplateProblem
from mailer.rendering.headers import has_control
from mailer.rendering.renderer import FALLBACK_LANGUAGE, RenderedMail, Renderer
from mailer.rendering.sample_case import chronology_samples
from mailer.rendering.samples import reminder_samples
from mailer.rendering.shelves import PARTS, TemplateName

MAX_SUBJECT = 120
_LEFT_OVER = re.compile(r"\{\{|\{%|\{#")
#: What makes a mail program fetch something or run something: nothing in a reminder may.
_LOADS = re.compile(
    r"<(script|img|iframe|link|object|embed|video|audio|form)\b|url\(|@import|\bcid:|\bon\w+\s*=\s*[\"']",
    re.IGNORECASE,
)


def check_templates(renderer: Renderer, *, only: str = "") -> tuple[str, ...]:
    """Return one sentence per problem, each naming the template; () when every template can be used.

    `only` limits the check to a part, such as "letters", "reminders/friendly" or "reminders/friendly/de".
    """
    names = renderer.shelves.names()
    problems: list[str] = []
    for template in names:
        if not f"{template.folder}/".startswith(f"{only}/" if only else ""):
            continue
        found = list(_files(renderer, template, names))
        problems += found or ([] if template.is_layout else _rendered(renderer, template))
    return tuple(dict.fromkeys(problems))


def _files(renderer: Renderer, template: TemplateName, names: tuple[TemplateName, ...]) -> Iterator[str]:
    """Yield what is wrong with the files: exactly three, and an English version to fall back to."""
    missing = [part for part in PARTS if renderer.shelves.find(template.part(part)) is None]
    if missing:
        yield f"{template.folder}: {', '.join(missing)} missing (a template is exactly {', '.join(PARTS)})"
    for folder in renderer.shelves.folders:
        for path in sorted((folder / template.folder).glob("*")):
            if path.name not in PARTS:
                yield f"{template.folder}: {path.name} is not used (a template is exactly {', '.join(PARTS)})"
    fallback = TemplateName(group=template.group, name=template.name, language=FALLBACK_LANGUAGE)
    if fallback not in names:
        what = f"there is no {FALLBACK_LANGUAGE} version for customers of other languages"
        yield f"{template.group}/{template.name}: {what}"


def _rendered(renderer: Renderer, template: TemplateName) -> list[str]:
    """Return what goes wrong with any sample; the same problem of several samples once."""
    problems: dict[str, None] = {}
    for attempt in _dossier(renderer, template) if template.group == "dossier" else _mails(renderer, template):
        problems |= dict.fromkeys(attempt)
    return list(problems)


def _mails(renderer: Renderer, template: TemplateName) -> Iterator[list[str]]:
    render = renderer.letter if template.group == "letters" else renderer.reminder
    for label, values in reminder_samples(template.language).items():
        try:
            yield list(_mail_faults(template, label, render(template.name, template.language, values)))
        except TemplateProblem as problem:
            yield [str(problem)]


def _mail_faults(template: TemplateName, label: str, mail: RenderedMail) -> Iterator[str]:
    if len(mail.subject) > MAX_SUBJECT or has_control(mail.subject):
        yield f"{template.folder}: the subject is longer than {MAX_SUBJECT} characters with {label}"
    for part, words in (("body.txt", mail.text), ("body.html", mail.html)):
        if _LEFT_OVER.search(mail.subject + words):
            yield f"{template.folder}/{part}: template marks are left over with {label}"
    if found := _LOADS.search(mail.html):
        yield f"{template.folder}/body.html: {found.group()!r} loads or runs something; mails must not"


def _dossier(renderer: Renderer, template: TemplateName) -> Iterator[list[str]]:
    name = f"{template.group}/{template.name}"
    for values in chronology_samples().values():
        for part in PARTS[1:]:
            try:
                for _ in renderer.document(name, template.language, part, values):
                    pass
                yield []
            except TemplateProblem as problem:
                yield [str(problem)]
