"""`make score`: reads the corpus and prints every figure, for the development part and for the third kept aside.

    python -m tests.corpus.show_scores [--errors N] [--intent NAME] [--language CODE]

Errors are shown of the development part only: nobody looks at the kept-aside third except to score it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import time
from collections.abc import Sequence
from typing import Any

from mailer.flows.match_files import Shelf
from mailer.flows.phrase_files import load_phrases
from mailer.flows.read_files import read_file, values_of
from mailer.imports.world import world_from
from mailer.sandbox.sandbox import Sandbox
from tests.corpus.scoring import Row, figures, score
from tests.house.tree import ROOT

FOLDER = ROOT / "tests" / "emails" / "replies"
LANGUAGES = ("en", "de", "fr", "es", "nl", "it")


def labels() -> list[dict[str, Any]]:
    """Return the labels of the whole corpus."""
    lines = (FOLDER / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def is_kept_aside(label: Row) -> bool:
    """Whether a mail belongs to the third that is only ever scored, by hash of its id."""
    return hashlib.sha256(str(label["id"]).encode()).digest()[0] % 3 == 0


def readings(wanted: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what the command would print for these mails."""
    shelf = Shelf(world_from((FOLDER / "world.json").read_bytes()))
    phrases = load_phrases()
    files = [str(label["file"]) for label in wanted]

    async def read_all() -> list[dict[str, Any]]:
        sandbox = Sandbox()
        try:
            return [
                values_of(file, await read_file((FOLDER / "eml" / file).read_bytes(), shelf, phrases, sandbox))
                for file in files
            ]
        finally:
            await sandbox.close()

    return asyncio.run(read_all())


def table(parts: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Return the figures as lines, one column per part."""
    names = [name for name in parts[0][1] if not name.startswith("by ")]
    lines = [f"{'':28}" + "".join(f"{title:>13}" for title, _ in parts)]
    for name in names:
        cells = [figures_of[name] for _, figures_of in parts]
        lines.append(f"{name:28}" + "".join(f"{_cell(cell):>13}" for cell in cells))
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "-" if value is None else str(value)


def _by_intent(title: str, found: dict[str, Any]) -> str:
    rows = [
        f"  {name:18} F1 {row['F1']:.3f}   tp {row.get('tp', 0):3} fn {row.get('fn', 0):3} fp {row.get('fp', 0):3}"
        for name, row in found["by intent"].items()
    ]
    return "\n".join([f"by intent, {title}:", *rows])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--errors", type=int, default=0, help="also show so many mails of the development part")
    parser.add_argument("--language", default="", help="only errors in this language")
    parser.add_argument("--about", default="", help="only errors that speak of this")
    options = parser.parse_args()
    everything = labels()
    start = time.perf_counter()
    read = readings(everything)
    took = time.perf_counter() - start
    kept = [one for one in everything if is_kept_aside(one)]
    development = [one for one in everything if not is_kept_aside(one)]
    found = {
        title: figures(part, score(part, read))
        for title, part in (("development", development), ("kept aside", kept), ("all", everything))
    }
    print(table(list(found.items())))
    for title, part in (("development", development), ("kept aside", kept)):
        by_language = [
            (code, figures(some, score(some, read)))
            for code in LANGUAGES
            if (some := [one for one in part if one["language"] == code])
        ]
        print(f"\n{title}, by language\n{table(by_language)}")
    for title in ("development", "kept aside"):
        print("\n" + _by_intent(title, found[title]))
    print(f"\n{len(everything) / took:.0f} mails a second, MIME included, after the phrases are loaded")
    _show_errors(development, read, options)


def _show_errors(development: Sequence[Row], read: Sequence[Row], options: argparse.Namespace) -> None:
    chosen = [one for one in development if options.language in ("", one["language"])]
    wrong = [(file, problem) for file, problem in score(chosen, read).errors if options.about in problem]
    for file, problem in wrong[: options.errors]:
        print(f"{file}: {problem}")


if __name__ == "__main__":
    main()
