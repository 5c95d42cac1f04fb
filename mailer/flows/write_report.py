"""The PDF report goes into a case file, where typst is installed; whatever happens to it, the case file is made."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import structlog

from mailer.dossier.model import CaseFile, CaseReport
from mailer.dossier.report import Words
from mailer.dossier.report_volumes import volumes
from mailer.flows.case_folder import CaseFolder
from mailer.resources import templates_dir
from mailer.sandbox.typeset import TypesetFailed, is_installed, typeset

log = structlog.get_logger()
#: Told (volumes made, volumes of the report).
Progress = Callable[[int, int], None]
NOT_WANTED = "it was left out on request (--no-report)"
NOT_INSTALLED = "typst is not installed where this was made (pip install 'duly[report]')"
_FALLBACK = "en"


async def write_report(
    folder: CaseFolder, case: CaseFile, *, is_wanted: bool, progress: Progress | None = None
) -> CaseReport:
    """Write the volumes, all or none, one after the other; returns what was written, or why nothing was.

    The originals must lie in the folder already. Raises OSError when the finished volumes cannot be put there.
    """
    if not is_wanted:
        return CaseReport(why_not=NOT_WANTED)
    if not is_installed():
        return CaseReport(why_not=NOT_INSTALLED)
    with folder.scratch() as place:
        try:
            made = await _typeset(folder, case, place, progress)
        except TypesetFailed as problem:
            log.warning("a case file has no report", why=problem.reason)
            return CaseReport(why_not=problem.reason)
        except Exception as problem:  # noqa: BLE001 - what a stranger wrote must not keep a case file from being made
            log.warning("a case file has no report", error=type(problem).__name__)
            return CaseReport(why_not=f"an error of the program ({type(problem).__name__})")
        for path, file in made.items():
            folder.take(path, file)
    return CaseReport(volumes=tuple(made), why_not="")


async def _typeset(folder: CaseFolder, case: CaseFile, place: Path, progress: Progress | None) -> dict[str, Path]:
    """Return the finished volumes by where they belong."""
    shelf = templates_dir() / "report"
    template = (shelf / "report.typ").read_text(encoding="utf-8")
    language, words = _words(shelf, case.language)
    wanted = volumes(case, words, language=language)
    made: dict[str, Path] = {}
    for volume in wanted:
        if progress:
            progress(len(made), len(wanted))
        made[volume.path] = place / Path(volume.path).name
        await typeset(template, volume.values, root=folder.draft, target=made[volume.path])
    return made


def _words(shelf: Path, language: str) -> tuple[str, Words]:
    """Return the language that is used, and the report's words in it."""
    used = language if language.isalpha() and (shelf / f"words.{language}.toml").is_file() else _FALLBACK
    return used, tomllib.loads((shelf / f"words.{used}.toml").read_text(encoding="utf-8"))
