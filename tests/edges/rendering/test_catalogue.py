from __future__ import annotations

from pathlib import Path

import pytest

from mailer.rendering.catalogue import copy_template, list_templates
from mailer.rendering.check import check_templates
from mailer.rendering.environment import TemplateProblem
from mailer.rendering.renderer import Renderer
from mailer.resources import templates_dir
from tests.edges.rendering.letters import values, write_template


def origins(folder: Path) -> dict[str, str]:
    return {one.template.folder: one.origin for one in list_templates(folder)}


def test_the_list_says_which_templates_are_changed(tmp_path: Path) -> None:
    assert set(origins(tmp_path).values()) == {"shipped"}
    assert list_templates() == list_templates(tmp_path)
    write_template(tmp_path, "reminders/friendly/en", subject_txt="x")
    write_template(tmp_path, "reminders/mine/en", subject_txt="x", body_txt="x", body_html="x")
    write_template(tmp_path, "elsewhere/mine/en", subject_txt="x")
    changed = {name: origin for name, origin in origins(tmp_path).items() if origin != "shipped"}
    assert changed == {"reminders/friendly/en": "mixed", "reminders/mine/en": "yours"}


def test_a_copy_is_the_shipped_template_and_is_never_overwritten(tmp_path: Path) -> None:
    written = copy_template("reminders", "friendly", "de", tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "reminders/friendly/de/subject.txt",
        "reminders/friendly/de/body.txt",
        "reminders/friendly/de/body.html",
    ]
    for path in written:
        assert path.read_bytes() == (templates_dir() / path.relative_to(tmp_path)).read_bytes()
    written[0].unlink()
    with pytest.raises(TemplateProblem, match="there is already a file"):
        copy_template("reminders", "friendly", "de", tmp_path)
    assert not written[0].exists()


def test_a_new_language_starts_from_english_with_a_layout_of_its_own(tmp_path: Path) -> None:
    assert len(copy_template("reminders", "friendly", "fr", tmp_path)) == 6
    assert len(copy_template("reminders", "second", "fr", tmp_path)) == 3
    renderer = Renderer(tmp_path)
    layout = tmp_path / "reminders/_base/fr/body.txt"
    layout.write_text(layout.read_text(encoding="utf-8").replace("Dear", "Bonjour"), encoding="utf-8")
    mail = renderer.reminder("second", "fr", values(language="fr"))
    assert mail.language == "fr"
    assert mail.text.startswith("Bonjour Maria Jones,")
    assert "10 novembre 2026" in mail.text
    assert check_templates(renderer, only="reminders/second") == ()
    assert check_templates(renderer, only="reminders/_base/fr") == ()


@pytest.mark.parametrize(("group", "name"), [("reminders", "nosuch"), ("nosuch", "friendly"), ("..", "..")])
def test_what_is_not_shipped_cannot_be_copied(tmp_path: Path, group: str, name: str) -> None:
    with pytest.raises(TemplateProblem, match="no shipped template"):
        copy_template(group, name, "en", tmp_path / "target")
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(
    ("name", "parts", "problem"),
    [
        ("reminders/mine/en", {"subject_txt": "x"}, "reminders/mine/en: body.txt, body.html missing"),
        (
            "reminders/friendly/en",
            {"notes_md": "x"},
            "reminders/friendly/en: notes.md is not used (a template is exactly subject.txt, body.txt, body.html)",
        ),
        (
            "reminders/mine/fr",
            {"subject_txt": "x", "body_txt": "x", "body_html": "x"},
            "reminders/mine: there is no en version for customers of other languages",
        ),
        ("reminders/friendly/en", {"body_txt": "{{ broken }}"}, "'broken' is not a name that this template may use"),
        ("letters/firm_letter/de", {"body_txt": "{% if %}"}, "letters/firm_letter/de/body.txt, line 1"),
        ("reminders/friendly/en", {"subject_txt": "{{ customer_name * 20 }}"}, "longer than 120 characters"),
        ("reminders/friendly/en", {"body_txt": "{% raw %}{{ name }}{% endraw %}"}, "template marks are left over"),
        ("reminders/friendly/en", {"body_html": "<img src='cid:logo'>"}, "'<img' loads or runs something"),
        ("reminders/friendly/en", {"body_html": "<p onclick='x()'>"}, "loads or runs something"),
        ("reminders/friendly/en", {"body_html": "{{ items[3].number }}"}, "reminders/friendly/en/body.html"),
        (
            "dossier/chronology/en",
            {"body_txt": "{{ happenings[0].nosuch }}"},
            "'nosuch' is not a field of this PrintedLine",
        ),
    ],
)
def test_the_check_finds_what_would_go_wrong_later(
    tmp_path: Path, name: str, parts: dict[str, str], problem: str
) -> None:
    write_template(tmp_path, name, **parts)
    found = check_templates(Renderer(tmp_path), only=name.rpartition("/")[0])
    assert any(problem in one for one in found), found
