"""What the core says the typeface can show, typst can show: PDF/A refuses a document for one character."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.dossier.typewriter import RANGES
from mailer.sandbox.typeset import TypesetFailed, typeset

TEMPLATE = """\
#let data = json(bytes(sys.inputs.data))
#set document(title: "x", date: datetime(year: 2026, month: 1, day: 1, hour: 0, minute: 0, second: 0))
#set text(font: "DejaVu Sans Mono", fallback: false)
#for weight in ("regular", "bold") { text(weight: weight, data.text) }
"""


async def pdf(folder: Path, text: str, template: str = TEMPLATE) -> bytes:
    target = folder / "made.pdf"
    values = {"text": text, "date": [2026, 1, 1, 0, 0, 0]}
    await typeset(template, values, root=folder, target=target)
    return target.read_bytes()


async def test_every_character_that_is_not_escaped_can_be_shown_upright_and_bold(tmp_path: Path) -> None:
    runs = [[int(code, 16) for code in run.split("-")] for run in RANGES.split()]
    letters = " ".join(chr(code) for run in runs for code in range(run[0], run[-1] + 1))
    assert (await pdf(tmp_path, letters)).startswith(b"%PDF-1.7")
    with pytest.raises(TypesetFailed, match=r"typesetting failed \(TypstError\)"):
        await pdf(tmp_path, "\u4e2d")


async def test_a_template_reads_no_file_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    for path in ("../secret", str(tmp_path / "secret"), "/etc/hostname"):
        with pytest.raises(TypesetFailed):
            await pdf(tmp_path / "root", "", f'{TEMPLATE}#read("{path}")')
