"""Every shipped template is whole, in every language, and says the same in text and in HTML."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from html.parser import HTMLParser

import pytest

from mailer.dossier.chronology import FACTS, KINDS
from mailer.dossier.report import WIDTHS
from mailer.rendering.catalogue import list_templates
from mailer.rendering.check import MAX_SUBJECT, check_templates
from mailer.rendering.renderer import RenderedMail, Renderer
from mailer.rendering.samples import reminder_samples
from mailer.rendering.shelves import GROUPS, PARTS, TemplateName
from mailer.resources import templates_dir

RENDERER = Renderer()
NAMES = [one.template for one in list_templates()]
LANGUAGES = ("de", "en")
REMINDERS = {"upcoming", "friendly", "second", "firm", "hold_notice", "final_notice", "thanks"}
#: Templates that ask for money; a thank-you does not.
ASKING = [name for name in NAMES if name.group != "dossier" and not name.is_layout and name.name != "thanks"]
MAILS = [name for name in NAMES if name.group != "dossier" and not name.is_layout]


SAMPLES = {language: reminder_samples(language) for language in LANGUAGES}
LABELS = tuple(SAMPLES["en"])


@cache
def mail(name: TemplateName, label: str) -> RenderedMail:
    render = RENDERER.letter if name.group == "letters" else RENDERER.reminder
    return render(name.name, name.language, SAMPLES[name.language][label])


def of(name: TemplateName) -> str:
    return name.folder


class Text(HTMLParser):
    """The words of an HTML page as one line."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"[ \n]+", " ", " ".join(self.found))


def test_the_check_that_users_run_finds_nothing_to_say() -> None:
    assert check_templates(RENDERER) == ()


def test_a_template_is_a_folder_of_exactly_three_files_without_exception() -> None:
    root = templates_dir()
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    files -= {f"report/{name}" for name in ("report.typ", *(f"words.{language}.toml" for language in LANGUAGES))}
    assert files == {name.part(part) for name in NAMES for part in PARTS}
    assert {name.group for name in NAMES} == set(GROUPS)


def test_the_report_has_every_word_in_every_language() -> None:
    def names(value: object) -> object:
        if isinstance(value, list):
            return len(value)
        return {key: names(one) for key, one in value.items()} if isinstance(value, dict) else ""

    files = [templates_dir() / f"report/words.{language}.toml" for language in LANGUAGES]
    first, *others = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    assert all(names(other) == names(first) for other in others)
    assert set(FACTS) <= first["facts"].keys()
    assert first["kinds"].keys() == set(KINDS) - {"record"}
    assert first["sections"].keys() == WIDTHS.keys() | {"happenings"}
    assert first["columns"].keys() == {name for widths in WIDTHS.values() for name in widths}


def test_every_template_is_there_in_every_language() -> None:
    found = {(name.group, name.name) for name in NAMES}
    assert {name.folder for name in NAMES} == {f"{a}/{b}/{language}" for a, b in found for language in LANGUAGES}
    assert {name for group, name in found if group == "reminders" and not name.startswith("_")} == REMINDERS


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", MAILS, ids=of)
def test_every_mail_is_clean_with_every_sample(name: TemplateName, label: str) -> None:
    one = mail(name, label)
    assert "\n" not in one.subject
    assert 10 <= len(one.subject) <= MAX_SUBJECT
    for words in (one.subject, one.text, one.html):
        assert not re.search(r"\bNone\b|\{\{|\{%|Undefined|<built-in", words)
    assert not re.search(r"https?:|cid:|<img|<script|<link|url\(", one.html, re.IGNORECASE)
    assert f'<html lang="{name.language}">' in one.html
    assert "<b>" not in one.html
    assert not re.search(r"[ \t]$|\n\n\n", one.text, re.MULTILINE)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", MAILS, ids=of)
def test_the_text_says_all_that_the_html_says(name: TemplateName, label: str) -> None:
    one = mail(name, label)
    html = Text(one.html).words.replace(" ,", ",")
    tables = re.compile(r"^.*\n-[- ]+\n(?:.+\n)*", re.MULTILINE)
    for paragraph in re.split(r"\n\n+", tables.sub("", one.text).strip()):
        words = re.sub(r"[ \n]+", " ", paragraph).strip()
        assert words in html, words


@pytest.mark.parametrize("name", MAILS, ids=of)
def test_every_invoice_is_named_with_its_amount_in_both_parts(name: TemplateName) -> None:
    label = "several invoices and others also open"
    values, one = SAMPLES[name.language][label], mail(name, label)
    for line in (*values.items, *values.also_open):
        assert line.number in one.text
        assert line.number in one.html
    for line in values.also_open:
        assert line.open in one.text
        assert line.open in one.html
    assert values.items[0].number in one.subject


@pytest.mark.parametrize("name", ASKING, ids=of)
def test_whoever_is_asked_for_money_can_pay_answer_and_object(name: TemplateName) -> None:
    one = mail(name, "several currencies")
    values = SAMPLES[name.language]["several currencies"]
    for total in (*values.item_totals, *values.totals):
        assert total in one.text
    for detail in (*values.seller.payment_lines, values.seller.phone, values.seller.email):
        assert detail in one.text
        assert detail in one.html
    already = {"en": r"[Aa]lready\s+paid", "de": r"bereits\s+gezahlt"}[name.language]
    assert re.search(already, one.text)


@pytest.mark.parametrize("name", ASKING, ids=of)
def test_a_broken_promise_is_named_when_there_is_one_and_only_then(name: TemplateName) -> None:
    promised = SAMPLES[name.language]["two invoices"].broken_promise
    assert promised is not None
    assert promised in re.sub(r"\s+", " ", mail(name, "two invoices").text)
    assert promised not in re.sub(r"\s+", " ", mail(name, "one invoice").text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_last_notice_speaks_of_third_parties_and_lawyers(language: str) -> None:
    law = {"en": r"third\s+party|legal|lawyer|court", "de": r"Dritten|rechtlich|Anwalt|Gericht|Inkasso"}[language]
    found = {
        name.name for name in MAILS if name.language == language and re.search(law, mail(name, "one invoice").text)
    }
    assert found == {"final_notice"}


@pytest.mark.parametrize(
    "name", [name for name in MAILS if name.name in ("firm", "hold_notice", "final_notice")], ids=of
)
def test_firm_words_name_the_date_they_ask_for(name: TemplateName) -> None:
    values = SAMPLES[name.language]["one invoice"]
    assert values.pay_by in re.sub(r"\s+", " ", mail(name, "one invoice").text)
