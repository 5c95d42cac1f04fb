"""Prints how many promised days are found in mails that nothing was trained on: `python -m tests.corpus.show_days`.

Of `unseen/`, 130 mails a language by authors who wrote about days only; two thirds promise one. The errors in all
English and Dutch mails, and in every second one of the others, have been looked at: the rest says more.

    python -m tests.corpus.show_days [--errors] [FILE.jsonl …]
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from mailer.domain.reading import Finding, Intent, MailKind
from mailer.flows.phrase_files import load_phrases
from mailer.replies.parse import parse
from mailer.replies.phrases import Phrases
from mailer.replies.reading import read
from mailer.replies.zones import zones
from tests.house.tree import ROOT

UNSEEN = ROOT / "tests" / "corpus" / "unseen"
#: Every second mail of these languages has not been looked at.
HALF_SEEN = ("de", "es", "fr", "it")


def promises(row: dict[str, Any], language: str, phrases: Phrases) -> list[Finding]:
    """Return the promises that are read from a mail."""
    day = date.fromisoformat(row["sent"])
    message = EmailMessage()
    message["From"], message["Subject"] = "ap@alder.example", "Re: invoice"
    message["Date"] = f"{day:%a, %d %b %Y} 10:00:00 +0000"
    message.set_content(row["own"])
    mail = parse(message.as_bytes())
    parts = zones(mail.text, None, sender_name="")
    hints = {"language_hint": language, "country": row.get("country", ""), "received_on": day}
    found = read(mail, parts, kind=MailKind.HUMAN, phrases=phrases, **hints)
    return [one for one in found.findings if one.intent is Intent.PROMISE]


def verdict(row: dict[str, Any], found: list[Finding]) -> str:
    """Return what became of the promise: found, another day, missed; or quiet and invented where there is none."""
    wanted = row["dates"].get("promise") if "promise" in row["intents"] else None
    days = {one.on.isoformat() for one in found if one.on}
    if wanted is None:
        return "invented" if found else "quiet"
    return "found" if wanted in days else "another day" if days else "missed"


def main() -> None:
    """Print a line per file, and one for what nobody has looked at."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--errors", action="store_true", help="print every mail that is read otherwise")
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    phrases, unseen = load_phrases(), Counter[str]()
    for path in options.files or sorted(UNSEEN.glob("*.jsonl")):
        tally = Counter[str]()
        for number, line in enumerate(path.read_text("utf-8").splitlines()):
            row = json.loads(line)
            said = verdict(row, promises(row, path.name[:2], phrases))
            tally[said] += 1
            unseen[said] += number % 2 if path.name[:2] in HALF_SEEN else 0
            if options.errors and said not in ("found", "quiet"):
                print(f"{said}: {row['sent']} {row['dates'].get('promise', '')} {row['own']!r}")
        print(f"{path.name:<14} {_line(tally)}")
    print(f"{'not looked at':<14} {_line(unseen)}")


def _line(tally: Counter[str]) -> str:
    promised = tally["found"] + tally["another day"] + tally["missed"]
    rest = ", ".join(f"{name} {tally[name]}" for name in ("another day", "missed", "invented", "quiet"))
    return f"found {tally['found']} of {promised} ({tally['found'] / max(1, promised):.3f}), {rest}"


if __name__ == "__main__":
    main()
