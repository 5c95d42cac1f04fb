"""5,000 mails of the corpus's kind through `duly inbox read --world WORLD -o json`: mails a second of CPU.

The 850 mails of the corpus are repeated, each time with another header and another name, so that no two files have the
same bytes. Their words do repeat: nothing that the reader remembers may be a sentence or a mail, only words, word
beginnings and the look-ups of the world. What counts is the CPU of this process and its children (PDFs are read in
one), start and loading of phrases included. The ratio is against the standard library alone in the same run: parsing
with `email.policy.default` and every text decoded. One core.

Run: python tests/benchmarks/bench_read.py [MAILS]. Prints one JSON line. Exit code 1 below the mark.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import tempfile
from email import message_from_bytes
from email.policy import default
from itertools import cycle, islice
from pathlib import Path

from mailer.cli.output import Output
from mailer.cli.read_files import read
from tests.house.tree import ROOT

MAILS = 5_000
MARK = 300.0
CORPUS = ROOT / "tests" / "emails" / "replies"


def cpu_seconds() -> float:
    """CPU of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def write_mails(folder: Path, count: int) -> list[Path]:
    """Write so many mails, no two with the same bytes."""
    raws = [path.read_bytes() for path in sorted((CORPUS / "eml").glob("*.eml"))]
    paths = []
    for number, raw in enumerate(islice(cycle(raws), count)):
        path = folder / f"{number:05}.eml"
        path.write_bytes(f"X-Copy: {number}\r\n".encode() + raw)
        paths.append(path)
    return paths


def library_alone(paths: list[Path]) -> None:
    """Parse and decode with the standard library, nothing else."""
    for path in paths:
        for part in message_from_bytes(path.read_bytes(), policy=default).walk():
            if part.get_content_maintype() == "text":
                with contextlib.suppress(LookupError, ValueError):
                    part.get_content()


def main() -> int:
    starting = cpu_seconds()  # the interpreter and all imports: a command waits for them, too
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MAILS
    with tempfile.TemporaryDirectory() as name:
        paths = write_mails(Path(name), count)
        printed = io.StringIO()
        began = cpu_seconds()
        with contextlib.redirect_stdout(printed):
            read(paths, world=CORPUS / "world.json", output=Output.JSON)
        reading = starting + cpu_seconds() - began
        began = cpu_seconds()
        library_alone(paths)
        alone = cpu_seconds() - began
    lines = printed.getvalue().count("\n")
    figures = {
        "mails": count,
        "mails_per_second": round(count / reading, 1),
        "mark": MARK,
        "library_alone_per_second": round(count / alone, 1),
        "ratio": round(alone / reading, 3),
    }
    print(json.dumps(figures))
    return int(lines != count)


if __name__ == "__main__":
    sys.exit(main())
