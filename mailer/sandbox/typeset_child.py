"""The child that typesets one PDF and ends. `mailer.sandbox.typeset` starts it.

`python -m mailer.sandbox.typeset_child PARENT_PID MEMORY_BYTES SECONDS`; what to do comes on stdin as JSON, and "done"
or the name of what went wrong goes to stdout: a message of typst could hold words of a mail.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

from mailer.sandbox.confine import confine_typesetter, grant_seconds

#: More courteous than what sends mail, but not the last in the row.
_NICENESS = 10


def main(arguments: list[str]) -> None:
    """Give up what is not needed, then do the one thing."""
    parent, memory_bytes, seconds = (int(one) for one in arguments)
    os.nice(_NICENESS)
    confine_typesetter(memory_bytes=memory_bytes, parent=parent)
    grant_seconds(seconds * (os.cpu_count() or 1))
    asked = json.loads(sys.stdin.buffer.read())
    try:
        _typeset(asked)
    except Exception as problem:  # noqa: BLE001 - the parent says what it means for the case file
        said = type(problem).__name__
    else:
        said = "done"
    sys.stdout.write(said)


def _typeset(asked: dict[str, Any]) -> None:
    import typst  # noqa: PLC0415 - only where a report is made, and only once memory is limited

    year, month, day, hour, minute, second = json.loads(asked["data"])["date"]
    compiler = typst.Compiler(
        asked["template"].encode(),
        root=asked["root"],
        ignore_system_fonts=True,
        sys_inputs={"data": asked["data"]},
    )
    compiler.compile(
        output=asked["target"],
        format="pdf",
        pdf_standards=["a-3u"],
        timestamp=datetime(year, month, day, hour, minute, second, tzinfo=UTC),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
