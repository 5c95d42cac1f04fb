from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mailer.rendering.environment import TemplateProblem
from mailer.rendering.renderer import Renderer
from mailer.resources import ResourcesMissing, _shipped, config_dir, templates_dir
from tests.edges.rendering.letters import CUSTOMER, invoice, values, write_template


def test_a_reminder_says_who_owes_what_since_when_and_how_to_pay() -> None:
    mail = Renderer().reminder("firm", "en", values(invoice("INV-7", open_minor=2_500)))
    assert mail.subject == "Overdue: invoice INV-7, please pay by 10 November 2026"
    for body in (mail.text, mail.html):
        for words in ("Dear Maria Jones,", "INV-7", "1 October 2026", "33", "£25.00", "£75.00", "IBAN GB00 ACME"):
            assert words in body


def test_the_language_falls_back_to_english_and_the_mail_says_so() -> None:
    renderer = Renderer()
    assert renderer.language_for("reminders", "friendly", "fr") == "en"
    mail = renderer.reminder("friendly", "fr", values())
    assert mail.language == "en"
    assert renderer.language_for("reminders", "friendly", "de") == "de"


def test_values_written_for_another_language_than_the_words_are_refused() -> None:
    with pytest.raises(ValueError, match=r"reminders/friendly/de .* written for 'en'"):
        Renderer().reminder("friendly", "de", values())


def test_an_unknown_template_names_those_there_are() -> None:
    with pytest.raises(TemplateProblem, match=r"letters/frim/en: no such template .* there are: firm_letter"):
        Renderer().letter("frim", "en", values())


def test_a_users_file_replaces_that_file_only_and_is_noticed_at_once(tmp_path: Path) -> None:
    renderer = Renderer(tmp_path)
    before = renderer.reminder("friendly", "en", values())
    write_template(tmp_path, "reminders/friendly/en", subject_txt="From {{ seller.name }}\n")
    mine = renderer.reminder("friendly", "en", values())
    assert mine.subject == "From Acme Tools Ltd"
    assert mine.text == before.text
    assert mine.template_hash != before.template_hash
    write_template(tmp_path, "reminders/friendly/en", subject_txt="Changed {{ seller.name }}\n")
    assert renderer.reminder("friendly", "en", values()).subject == "Changed Acme Tools Ltd"
    (tmp_path / "reminders/friendly/en/subject.txt").unlink()
    assert renderer.reminder("friendly", "en", values()) == before


def test_the_hash_changes_when_a_layout_changes(tmp_path: Path) -> None:
    renderer = Renderer(tmp_path)
    before = renderer.reminder("friendly", "en", values()).template_hash
    layout = templates_dir() / "reminders/_base/en/body.txt"
    write_template(tmp_path, "reminders/_base/en", body_txt=layout.read_text(encoding="utf-8") + "\nPS\n")
    after = renderer.reminder("friendly", "en", values())
    assert after.template_hash != before
    assert after.text.endswith("PS\n")
    assert Renderer().reminder("friendly", "en", values()).template_hash == before
    assert renderer.reminder("second", "de", values(language="de")).template_hash != before


@pytest.mark.parametrize(
    ("words", "line", "reason"),
    [
        ("ok\n{{ custmer_name }}\n", 2, "'custmer_name' is not a name that this template may use"),
        (
            "{% for i in items %}\n\n{{ i.numbr }}{% endfor %}",
            3,
            "'numbr' is not a field of this InvoiceLine; it has: number",
        ),
        ("{{ customer_name.__class__.mro() }}", 1, "access to attribute '__class__' of 'str' object is unsafe"),
        ("{% if x %}\n", 1, "Unexpected end of template"),
        ("{{ 1 // 0 }}", 1, "integer division or modulo by zero"),
        ("{{ items + 1 }}", 1, "can only concatenate tuple"),
        ("{{ customer_name | nosuch }}", 1, "No filter named 'nosuch'"),
        ('{% include "nothing.txt" %}', None, "there is no file 'nothing.txt'"),
        ('{% include "../../../../etc/passwd" %}', None, "there is no file '../../../../etc/passwd'"),
    ],
)
def test_a_problem_names_file_line_and_what_is_wrong(tmp_path: Path, words: str, line: int | None, reason: str) -> None:
    write_template(tmp_path, "reminders/friendly/en", body_txt=words)
    with pytest.raises(TemplateProblem) as caught:
        Renderer(tmp_path).reminder("friendly", "en", values())
    assert reason in caught.value.reason
    assert caught.value.line == line
    assert "reminders/friendly/en" in caught.value.file or line is None


def test_a_problem_with_a_name_lists_the_names_allowed(tmp_path: Path) -> None:
    write_template(tmp_path, "reminders/friendly/en", body_html="{{ amount }}")
    with pytest.raises(TemplateProblem, match=r"names allowed here: .*contact_name.*pay_by.*subject"):
        Renderer(tmp_path).reminder("friendly", "en", values())


def test_an_empty_subject_is_a_problem_and_one_of_several_lines_becomes_one(tmp_path: Path) -> None:
    write_template(tmp_path, "reminders/friendly/en", subject_txt="\n  \n")
    with pytest.raises(TemplateProblem, match="the subject is empty"):
        Renderer(tmp_path).reminder("friendly", "en", values())
    write_template(tmp_path, "reminders/friendly/en", subject_txt="one\r\ntwo\n")
    assert Renderer(tmp_path).reminder("friendly", "en", values()).subject == "one two"


def test_names_are_escaped_in_html_only() -> None:
    mail = Renderer().reminder("friendly", "en", values(customer=replace(CUSTOMER, contact_name="<b>O'Neil</b> & Co")))
    assert "Dear <b>O'Neil</b> & Co," in mail.text
    assert "Dear &lt;b&gt;O&#39;Neil&lt;/b&gt; &amp; Co," in mail.html


def test_the_mark_of_a_signature_survives_and_other_trailing_blanks_do_not(tmp_path: Path) -> None:
    write_template(tmp_path, "reminders/friendly/en", body_txt="Hello \t\n\n\n\nyou\n-- \nme  ")
    assert Renderer(tmp_path).reminder("friendly", "en", values()).text == "Hello\n\nyou\n-- \nme\n"


def test_template_paths_cannot_leave_their_folders(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    shelves = Renderer(tmp_path / "templates").shelves
    assert shelves.find("../secret.txt") is None
    assert shelves.find(str(tmp_path / "secret.txt")) is None
    assert shelves.find("..\\secret.txt") is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    title: str


def test_a_document_comes_in_pieces_and_knows_its_title(tmp_path: Path) -> None:
    write_template(
        tmp_path,
        "dossier/list/en",
        subject_txt="List of {{ name }}",
        body_txt="{{ subject }}",
        body_html="<h1>{{ subject }}</h1>",
    )
    renderer = Renderer(tmp_path)
    pieces = renderer.document("dossier/list", "de", "body.html", Words(name="<x>"))
    assert "".join(pieces) == "<h1>List of &lt;x&gt;</h1>"
    with pytest.raises(TemplateProblem, match="'name' is not a name"):
        list(renderer.document("dossier/list", "en", "body.txt", Title(title="x")))


def test_a_folder_that_is_missing_from_the_installation_is_named(tmp_path: Path) -> None:
    assert (config_dir() / "defaults.toml").is_file()
    with pytest.raises(ResourcesMissing, match=f"'templates' .*looked in {tmp_path}{os.sep}mailer"):
        _shipped("templates", tmp_path / "mailer")
    (tmp_path / "templates").mkdir()
    assert _shipped("templates", tmp_path / "mailer") == tmp_path / "templates"
    (tmp_path / "mailer/_shipped/templates").mkdir(parents=True)
    assert _shipped("templates", tmp_path / "mailer") == tmp_path / "mailer/_shipped/templates"
