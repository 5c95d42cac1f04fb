"""The child and its limits, for real: each test starts processes and breaks them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailer.replies.parse import parse
from mailer.sandbox.frames import packed
from mailer.sandbox.sandbox import Sandbox, SandboxRefused, SandboxUnavailable
from tests.faults.seeds import seeds

ROOT = Path(__file__).resolve().parents[3]
HONEST = b"From: Tom <tom@alder.example>\r\nSubject: Re: INV-1\r\n\r\nWe paid.\r\n"
#: Costs about a second in a parser that runs freely.
SLOW = b"Content-Type: text/html\r\n\r\n" + b"<p>a<b>c</b>" * 30_000


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(seconds=60)
    yield made
    await made.close()


async def test_every_honest_mail_is_the_same_inside_and_outside(sandbox: Sandbox) -> None:
    for raw in seeds():
        assert await sandbox.parse(raw) == await sandbox.with_texts(parse(raw))


async def test_one_child_serves_many_mails_at_once(sandbox: Sandbox) -> None:
    mails = await asyncio.gather(*(sandbox.parse(HONEST + b"%d" % number) for number in range(40)))
    assert [mail.text for mail in mails] == [f"We paid.\n{number}" for number in range(40)]


async def test_a_child_does_not_live_for_ever() -> None:
    sandbox = Sandbox(seconds=60, tasks_per_child=3)
    pids = set()
    for _ in range(6):
        await sandbox.parse(HONEST)
        pids.add(sandbox.pid)
    await sandbox.close()
    assert len(pids - {None}) == 2


async def test_too_much_time_is_refused_and_the_next_mail_is_read(sandbox: Sandbox) -> None:
    await sandbox.parse(HONEST)
    pid = sandbox.pid
    sandbox._seconds = 0.001
    with pytest.raises(SandboxRefused, match="longer than"):
        await sandbox.parse(SLOW)
    sandbox._seconds = 60
    assert (await sandbox.parse(HONEST)).text == "We paid."
    assert sandbox.pid != pid
    assert not _lives(pid)


async def test_too_much_memory_is_refused_and_the_next_mail_is_read() -> None:
    sandbox = Sandbox(seconds=60, memory_bytes=100_000_000)
    with pytest.raises(SandboxRefused, match="memory"):
        await sandbox.parse(HONEST + b"x" * 30_000_000)
    assert (await sandbox.parse(HONEST)).text == "We paid."
    await sandbox.close()


async def test_more_than_any_mail_is_refused_unseen(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxRefused, match="bytes are more"):
        await sandbox.parse(bytes(81_000_000))
    assert sandbox.pid is None


async def test_a_child_that_died_idle_costs_no_mail(sandbox: Sandbox) -> None:
    await sandbox.parse(HONEST)
    assert sandbox._child
    sandbox._child.kill()
    await sandbox._child.wait()
    assert (await sandbox.parse(HONEST)).text == "We paid."


async def test_a_child_that_dies_over_a_mail_refuses_it(sandbox: Sandbox) -> None:
    await sandbox.parse(HONEST)
    assert sandbox.pid
    os.kill(sandbox.pid, signal.SIGSTOP)
    asking = asyncio.ensure_future(sandbox.parse(HONEST))
    await asyncio.sleep(0)
    os.kill(sandbox.pid, signal.SIGKILL)
    with pytest.raises(SandboxRefused, match="process ended"):
        await asking
    assert (await sandbox.parse(HONEST)).text == "We paid."


async def test_an_answer_nobody_waits_for_is_not_taken_for_the_next_one(sandbox: Sandbox) -> None:
    await sandbox.parse(HONEST)
    asking = asyncio.ensure_future(sandbox.parse(SLOW))
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await sandbox.parse(HONEST)).text == "We paid."


async def test_an_answer_to_another_question_is_never_taken_for_this_mails(sandbox: Sandbox) -> None:
    """Found by killing processes at any step: one mail was read as the mail before it."""
    await sandbox.parse(HONEST)
    child = sandbox._child
    assert child is not None
    assert child.stdin is not None
    child.stdin.write(packed({"task": "parse", "question": "another"}, b"Subject: x\n\nWe dispute this.\n"))
    await child.stdin.drain()
    with pytest.raises(SandboxRefused):
        await sandbox.parse(HONEST)
    assert (await sandbox.parse(HONEST)).text == "We paid."


async def test_an_unknown_task_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxRefused, match="KeyError"):
        await sandbox.run("rm", b"-rf")


async def test_a_machine_that_starts_no_child_is_not_the_mails_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(SandboxUnavailable):
        await Sandbox().parse(HONEST)


async def test_no_child_outlives_a_parent_that_was_killed() -> None:
    program = """
        import asyncio, time
        from mailer.sandbox.sandbox import Sandbox
        async def main():
            sandbox = Sandbox()
            await sandbox.parse(b"From: a@b.example\\n\\nhi")
            print(sandbox.pid, flush=True)
            time.sleep(60)
        asyncio.run(main())
    """
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(program), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert _lives(child)
    parent.kill()
    await parent.wait()
    await asyncio.to_thread(_until_gone, child)


def test_the_child_can_reach_nothing(tmp_path: Path) -> None:
    program = f"""
        import os, socket, subprocess
        from mailer.sandbox.confine import confine
        confine(memory_bytes=512 * 1024 * 1024, parent=os.getppid())
        def tried(what):
            try:
                what()
            except (OSError, MemoryError) as problem:
                return type(problem).__name__
            return "done"
        def write():
            with open({str(tmp_path / "x")!r}, "w", buffering=1) as file:
                file.write("secret\\n")
        print(tried(write))
        print(tried(lambda: bytearray(600 * 1024 * 1024)))
        print(tried(lambda: [open("/dev/null") for _ in range(20)]))
        # a loopback of its own at most; where the kernel allows no namespaces, the machine's network stays
        own = os.readlink("/proc/self/ns/net") != {str(Path("/proc/self/ns/net").readlink())!r}
        print(len(socket.if_nameindex()) if own else 1)
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert done.stdout.split() == ["OSError", "MemoryError", "OSError", "1"], done.stderr
    assert not (tmp_path / "x").read_bytes()


async def test_the_child_knows_no_secret_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DULY_SMTP__PASSWORD", "hunter2")
    sandbox = Sandbox(seconds=60)
    await sandbox.parse(HONEST)
    environment, open_files = _environment_and_files(sandbox.pid)
    await sandbox.close()
    assert b"hunter2" not in environment
    assert all(one == "/dev/null" or one.startswith(("pipe:", "socket:")) for one in open_files), open_files


def _until_gone(pid: int) -> None:
    while _lives(pid):  # the test's own time limit is the deadline
        time.sleep(0.02)


def _environment_and_files(pid: int | None) -> tuple[bytes, list[str]]:
    process = Path(f"/proc/{pid}")
    return (process / "environ").read_bytes(), [str(one.readlink()) for one in (process / "fd").iterdir()]


def _lives(pid: int | None) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
