"""The child: reads a task, does it, answers, and never looks at anything else. `mailer.sandbox.sandbox` starts it.

`python -m mailer.sandbox.child PARENT_PID MEMORY_BYTES SECONDS`, frames on stdin and stdout. It ends when stdin does.
"""

from __future__ import annotations

import os
import sys
from typing import Any, BinaryIO

from mailer.sandbox.confine import confine, grant_seconds
from mailer.sandbox.frames import LENGTHS, head_of, lengths, packed
from mailer.sandbox.tasks import TASKS


def main(arguments: list[str]) -> None:
    """Give up what is not needed, say so, then work until there is no more work."""
    parent, memory_bytes, seconds = (int(one) for one in arguments)
    tasks, answers = _own_ends()
    confine(memory_bytes=memory_bytes, parent=parent)
    _answer(answers, {"ready": sorted(TASKS)})
    while len(start := tasks.read(LENGTHS.size)) == LENGTHS.size:
        head_size, body_size = lengths(start)
        asked = head_of(tasks.read(head_size))
        raw = tasks.read(body_size)
        grant_seconds(seconds)
        head, body = _done(str(asked.get("task")), raw)
        _answer(answers, {**head, "question": asked.get("question")}, body)


def _own_ends() -> tuple[BinaryIO, BinaryIO]:
    """Take the two pipes away from stdin and stdout, so that nothing a library prints is taken for an answer."""
    tasks, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return os.fdopen(tasks, "rb"), os.fdopen(answers, "wb")


def _done(task: str, raw: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        value, body = TASKS[task](raw)
    except Exception as problem:  # noqa: BLE001 - the parent decides what a refusal means; its words could be a mail's
        return {"error": type(problem).__name__}, b""
    return {"value": value}, body


def _answer(answers: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    answers.write(packed(head, body))
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
