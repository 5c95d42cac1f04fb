"""A process that dies at the k-th step of any of its tasks, as by kill -9: a fork that kills itself.

Nothing is simulated about the death: no handler runs, the kernel closes every connection, the database sees a client
that is gone. A step is one resumption of one task, so every `await` that really waits is a place to die.
"""

from __future__ import annotations

import asyncio
import os
import signal
import warnings
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Any

from mailer.clock import new_id
from mailer.flows.begun import Begun
from mailer.store.session import Store
from mailer.wiring import App

Work = Callable[[App], Awaitable[object]]
#: What a child that ended by itself reports; more steps than this are counted as this many.
_DONE, _FAILED = 0, 3


class _CountingLoop(asyncio.SelectorEventLoop):
    """Counts the steps of tasks and dies at one of them. 0: never."""

    steps = 0
    last_step = 0

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override] # whatever a loop takes
        if isinstance(getattr(callback, "__self__", None), asyncio.Task):
            return super().call_soon(self._step, callback, *args, context=context)
        return super().call_soon(callback, *args, context=context)

    def _step(self, callback: Any, *args: Any) -> None:
        self.steps += 1
        if self.steps == self.last_step:
            os.kill(os.getpid(), signal.SIGKILL)
        callback(*args)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How a process ended: `died` at its step, or after `steps` steps; `failed` when the work raised an exception."""

    died: bool
    steps: int
    failed: bool = False


def live(parts: App, work: Work, *, last_step: int = 0) -> Life:
    """Do some work in a process of its own that dies at a step (0: never), and say how it ended."""
    child, read_end = _fork(parts, work, last_step)
    with os.fdopen(read_end, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return Life(died=True, steps=last_step)
    return Life(died=False, steps=int(said or b"0"), failed=os.WEXITSTATUS(status) != _DONE)


async def sleepwalk(parts: App, work: Work, meanwhile: Callable[[], Awaitable[None]]) -> Life:
    """Do some work in a process that stops itself (SIGSTOP) on its way, and wakes when `meanwhile` is over."""
    child, read_end = _fork(parts, work, 0)
    _, status = os.waitpid(child, os.WUNTRACED)  # noqa: ASYNC222 - it stops within a second
    if os.WIFSTOPPED(status):
        try:
            await meanwhile()
        finally:
            os.kill(child, signal.SIGCONT)
        _, status = os.waitpid(child, 0)  # noqa: ASYNC222 - it is awake and almost done
    os.close(read_end)
    return Life(died=os.WIFSIGNALED(status), steps=0, failed=status != 0)


def _fork(parts: App, work: Work, last_step: int) -> tuple[int, int]:
    """Start the process; return its pid and where it will say how many steps it took."""
    read_end, write_end = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads; the child uses none of them
        child = os.fork()
    if child == 0:
        os.close(read_end)
        _be_the_process(parts, work, last_step, write_end)
    os.close(write_end)
    return child, read_end


def _be_the_process(parts: App, work: Work, last_step: int, write_end: int) -> None:
    code = _FAILED
    try:
        asyncio._set_running_loop(None)  # the parent's loop was running when it forked
        loop = _CountingLoop()
        loop.last_step = last_step
        asyncio.set_event_loop(loop)

        async def lifetime() -> None:
            owner = new_id("proc")
            begun = Begun(parts.settings.data, owner)
            app = replace(parts, store=Store(parts.store.url), owner=owner, begun=begun)  # the parent's stay its own
            try:
                await work(app)
            finally:
                await app.close()

        try:
            loop.run_until_complete(lifetime())
            code = _DONE
        finally:
            os.write(write_end, str(loop.steps).encode())
    except BaseException as problem:  # noqa: BLE001 - whatever it was, this process ends here
        os.write(2, f"the process failed: {type(problem).__name__}: {problem}\n".encode())
    finally:
        os._exit(code)
