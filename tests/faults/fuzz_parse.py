"""Coverage-guided fuzzing of all that a mail passes on its way to a reading. Needs atheris (not part of the suite).

`python -m tests.faults.fuzz_parse CORPUS_FOLDER -max_total_time=600`: seeds are put into an empty folder. It stops at
the first mail that raises, that `parse` had to catch, or that takes more than 5 s; the mail is left in crash-….
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import atheris  # type: ignore[import-untyped] # only who fuzzes installs it

with atheris.instrument_imports(include=["mailer"]):
    from mailer.replies.bounce import read_bounce
    from mailer.replies.keys import keys
    from mailer.replies.numbers import number_keys, own_number_keys
    from mailer.replies.parse import parse
    from mailer.replies.reading import read
    from mailer.replies.route import route
    from mailer.replies.zones import zones
    from mailer.sandbox.mail_values import mail_from_plain, mail_to_plain

from tests.core.replies.mails import KEY, PHRASES, REMINDER
from tests.faults.seeds import seeds


def one(raw: bytes) -> None:
    """Everything that is done with a mail's words, without a database."""
    mail = parse(raw)
    if any(defect.startswith("unreadable") for defect in mail.defects):
        raise ValueError(mail.defects[-1])
    plain, contents = mail_to_plain(mail)
    if mail_from_plain(json.loads(json.dumps(plain)), contents) != mail:
        raise ValueError("not the same after its way through a frame")
    kind = route(mail, own_addresses=("accounts@brightwater.example",), key=KEY)
    keys(mail, KEY)
    read_bounce(mail)
    parts = zones(mail.text, REMINDER)
    number_keys(mail, parts)
    own_number_keys(mail, parts)
    read(
        mail,
        parts,
        kind=kind,
        language_hint="en",
        country="GB",
        phrases=PHRASES,
        received_on=date(2026, 11, 18),
    )


if __name__ == "__main__":
    folder = Path(next((one for one in sys.argv[1:] if not one.startswith("-")), "."))
    folder.mkdir(exist_ok=True)
    if not any(folder.iterdir()):
        for number, seed in enumerate(seeds()):
            (folder / f"seed-{number}.eml").write_bytes(seed)
    atheris.Setup([*sys.argv, "-timeout=5", "-max_len=20000"], one)
    atheris.Fuzz()
