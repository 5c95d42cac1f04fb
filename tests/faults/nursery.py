"""Starts real `duly` processes fast: an interpreter that has imported everything forks one for each line it is given.

    python -m tests.faults.nursery      reads "serve LOG" or "worker LOG" on stdin, answers with the pid on stdout

Each is a process group of its own, in the environment the nursery was started in; killing it needs nobody's help.
"""

from __future__ import annotations

import os
import signal
import sys

from workers import arq_worker, command


def _be(name: str, log: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number in (1, 2):
        os.dup2(handle, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["duly", name, "--quiet"]
    try:
        command.main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    assert arq_worker.QUEUE  # imported for its weight
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    for line in sys.stdin:
        asked, _, place = line.strip().partition(" ")
        if (child := os.fork()) == 0:
            _be(asked, place)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
