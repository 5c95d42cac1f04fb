"""What a process gives up before it reads a stranger's bytes. Each step can only be taken back by a new process."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

MEGABYTE = 1024 * 1024
#: Python opens a codec's file now and then; no more is needed.
MAX_OPEN_FILES = 16
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x1000_0000
_CLONE_NEWNET = 0x4000_0000


def confine(*, memory_bytes: int, parent: int) -> None:
    """Limit memory (address space), open files and processes; write no file; have no network; die with the parent.

    `parent` is the process id that must be alive. The network is given up where the kernel allows user namespaces;
    elsewhere (macOS, most containers) the other limits stay.
    """
    _cut_loose(parent)
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NPROC, 0)


def confine_typesetter(*, memory_bytes: int, parent: int) -> None:
    """Limit what typesets as `confine` does what parses; it may have threads, and write files up to half the memory."""
    _cut_loose(parent)
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_FSIZE, memory_bytes // 2)
    _limit(resource.RLIMIT_CORE, 0)


def _cut_loose(parent: int) -> None:
    """Give up the network and new privileges, and die with the parent."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    if os.getppid() != parent:
        sys.exit(0)  # it died before the kernel was told to watch it


def grant_seconds(seconds: int) -> None:
    """Allow so much more processor time; the kernel ends the process (SIGXCPU) that takes it and a little more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, hard))


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))
