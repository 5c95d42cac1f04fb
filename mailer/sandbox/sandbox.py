"""The parent's side: one child, started when first needed, ended when it takes too long, and started anew."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mailer
from mailer.clock import new_id
from mailer.domain.message import Attachment, InboundMail
from mailer.domain.unavailable import Unavailable
from mailer.record.dkim_claims import Claims
from mailer.record.dkim_values import Judged
from mailer.replies.attached import is_pdf
from mailer.sandbox.confine import MEGABYTE
from mailer.sandbox.frames import LENGTHS, MAX_BODY_BYTES, FrameBroken, head_of, lengths, packed
from mailer.sandbox.mail_values import MailBroken, mail_from_plain, plain_text
from mailer.sandbox.pdf_text import BROKEN, CUT, EMPTY, ENCRYPTED, MAX_CHARS
from mailer.sandbox.signature_values import (
    SignaturesBroken,
    claims_from_plain,
    claims_question,
    judge_question,
    judged_from_plain,
)

MAX_SECONDS = 5.0
MAX_MEMORY_BYTES = 512 * MEGABYTE
#: A child that a mail took over, or whose memory is in shreds, does not live for ever.
TASKS_PER_CHILD = 2_000
#: Of the PDFs of one mail so many are read, none larger than this, and none after so many that ended the child.
MAX_PDFS = 5
MAX_PDF_BYTES = 10_000_000
MAX_PDFS_REFUSED = 2
_START_SECONDS = 60.0
_PIPE_BYTES = 1024 * 1024
_NAME_CHARS = 80
#: Where `mailer` lies: the child sees this very code, in a checkout as in a wheel.
_CODE = str(Path(mailer.__file__).resolve().parents[1])
#: Every block above this goes back to the kernel at once, so that one large mail does not starve the next.
_MMAP_ABOVE_BYTES = 256 * 1024
#: What is told of a PDF, behind "an attached PDF".
_FLAWS = {
    ENCRYPTED: "is encrypted",
    BROKEN: "is broken",
    CUT: "is long: only its beginning was read",
    EMPTY: "holds no text (a picture?)",
}


class SandboxRefused(Exception):
    """These bytes cannot be taken apart within the limits; `reason` says which. A person must look at them."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the sandbox gave up on these bytes: {reason}")
        self.reason = reason


class SandboxUnavailable(Unavailable):
    """No child can be started; it is the machine's trouble, not the mail's: try later."""


class Sandbox:
    """Runs core functions on untrusted bytes in a child process. Safe to call from many tasks of one event loop.

    `seconds` is the wall time for one task, `memory_bytes` the address space of the child. `close` ends the child.
    """

    def __init__(
        self,
        *,
        seconds: float = MAX_SECONDS,
        memory_bytes: int = MAX_MEMORY_BYTES,
        tasks_per_child: int = TASKS_PER_CHILD,
    ) -> None:
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._tasks_per_child = tasks_per_child
        self._child: Process | None = None
        self._tasks_left = 0
        self._owner = os.getpid()
        self._turn = asyncio.Lock()

    async def parse(self, raw: bytes) -> InboundMail:
        """Return the mail as values (`mailer.replies.parse`), with the texts of its PDFs.

        Raises SandboxRefused (time, memory, or a child that died of it) and SandboxUnavailable.
        """
        value, body = await self.run("parse", raw)
        try:
            mail = mail_from_plain(value, body)
        except MailBroken as problem:
            await self.close()  # ours does not lie
            raise SandboxRefused("its answer was no mail") from problem
        return await self.with_texts(mail)

    async def with_texts(self, mail: InboundMail) -> InboundMail:
        """Return a mail with the texts of its PDFs; one that cannot be read has a flaw and costs nothing else.

        Raises SandboxUnavailable.
        """
        if not any(map(is_pdf, mail.attachments)):
            return mail
        taken: list[Attachment] = []
        pdfs = refused = 0
        for one in mail.attachments:
            if not is_pdf(one):
                taken.append(one)
                continue
            pdfs += 1
            if len(one.content) > MAX_PDF_BYTES:
                taken.append(replace(one, flaw=f"is larger than {MAX_PDF_BYTES // 1_000_000} MB"))
            elif pdfs > MAX_PDFS or refused >= MAX_PDFS_REFUSED:
                taken.append(replace(one, flaw="was not read after so many others"))
            else:
                try:
                    taken.append(await self._with_text(one))
                except SandboxRefused as problem:
                    refused += 1
                    taken.append(replace(one, flaw=f"could not be read: {problem.reason}"))
        return replace(mail, attachments=tuple(taken))

    async def _with_text(self, pdf: Attachment) -> Attachment:
        value, _ = await self.run("pdf_text", pdf.content)
        try:
            text, flaw = plain_text(value["text"]), value["flaw"]
            flaw = _FLAWS[flaw] if flaw else ""
        except (KeyError, TypeError, ValueError) as problem:
            await self.close()
            raise SandboxRefused("its answer was no text") from problem
        return replace(pdf, text=text[:MAX_CHARS], flaw=flaw)

    async def claims(self, raw: bytes, trusted: Collection[str], own_received: int) -> tuple[Claims, tuple[str, ...]]:
        """Return who signed a mail, and what trusted servers said of it (`mailer.record.auth_results`), one a line.

        Raises SandboxRefused and SandboxUnavailable.
        """
        value, _ = await self.run("claims", claims_question(raw, trusted, own_received))
        try:
            return claims_from_plain(value)
        except SignaturesBroken as problem:
            await self.close()
            raise SandboxRefused("its answer was no claim") from problem

    async def judge(self, raw: bytes, keys: Sequence[tuple[int, str, bytes]], *, at: int) -> tuple[Judged, ...]:
        """Return what signatures are worth (`mailer.record.dkim_check`), each given as (number, name of key, record).

        Raises SandboxRefused and SandboxUnavailable.
        """
        value, _ = await self.run("judge", judge_question(raw, at, keys))
        try:
            return judged_from_plain(value, len(keys))
        except SignaturesBroken as problem:
            await self.close()
            raise SandboxRefused("its answer was no verdict") from problem

    async def run(self, task: str, raw: bytes) -> tuple[dict[str, Any], bytes]:
        """Return what a task of `mailer.sandbox.tasks` makes of some bytes.

        Raises SandboxRefused and SandboxUnavailable.
        """
        if len(raw) > MAX_BODY_BYTES:
            raise SandboxRefused(f"{len(raw)} bytes are more than {MAX_BODY_BYTES}")
        async with self._turn:
            child = await self._ready_child()
            try:
                async with asyncio.timeout(self._seconds):
                    head, body = await _asked(child, task, raw)
            except TimeoutError:
                await self._end()
                raise SandboxRefused(f"it took longer than {self._seconds:g} seconds") from None
            except (OSError, EOFError, FrameBroken) as problem:
                raise SandboxRefused(await self._died(problem)) from problem
            except BaseException:
                await self._end()  # cancelled: its answer would be taken for the next one's
                raise
            self._tasks_left -= 1
            error = head.get("error")
            if error or self._tasks_left <= 0:
                await self._end()
        value = head.get("value")
        if error or not isinstance(value, dict):
            raise SandboxRefused(_plain(error))
        return value, body

    @property
    def pid(self) -> int | None:
        """The process id of the present child."""
        return self._child.pid if self._child is not None else None

    async def close(self) -> None:
        """End the child, if there is one; the next task starts another."""
        async with self._turn:
            await self._end()

    async def _ready_child(self) -> Process:
        if self._owner != os.getpid():  # forked: the pipes and the child are the other process's
            self._child, self._owner = None, os.getpid()
        if self._child is not None and self._child.returncode is None:
            return self._child
        await self._end()
        try:
            self._child = child = await _started(self._memory_bytes, int(self._seconds) + 1)
            async with asyncio.timeout(_START_SECONDS):
                await _answered(child)
        except (OSError, EOFError, FrameBroken, TimeoutError) as problem:
            await self._end()
            raise SandboxUnavailable(f"the process that takes mail apart does not start: {problem!r}") from problem
        except BaseException:
            await self._end()
            raise
        self._tasks_left = self._tasks_per_child
        return child

    async def _died(self, problem: Exception) -> str:
        """Return how the child ended, once it has."""
        child = self._child
        await self._end()
        code = child.returncode if child else None
        return f"its process ended ({type(problem).__name__}, exit {code})"

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        if child.stdin is not None:
            child.stdin.close()
        await asyncio.shield(child.wait())


def _plain(error: object) -> str:
    """Return what a child says went wrong; only a name is believed, its words could be a mail's."""
    if error == "MemoryError":
        return "it took too much memory"
    return error if isinstance(error, str) and error.isidentifier() and len(error) < _NAME_CHARS else "no answer"


async def _started(memory_bytes: int, seconds: int) -> Process:
    """Start a child that knows nothing of this process: no environment, no open file but its two pipes."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": _CODE,
        "PYTHONHASHSEED": "random",
        "LC_ALL": "C.UTF-8",
        "MALLOC_MMAP_THRESHOLD_": str(_MMAP_ABOVE_BYTES),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-s", "-P", "-B", "-X", "utf8", "-m", "mailer.sandbox.child"),
        *(str(os.getpid()), str(memory_bytes), str(seconds)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=environment,
        cwd="/",
        limit=_PIPE_BYTES,
        start_new_session=True,  # Ctrl-C is for the parent, which then ends the child
    )


async def _asked(child: Process, task: str, raw: bytes) -> tuple[dict[str, Any], bytes]:
    """Ask, and take only the answer to this very question: a mail must never be read as another one.

    Raises FrameBroken for the answer to another, which somebody left in the pipe.
    """
    if child.stdin is None:
        raise EOFError("the child has no stdin")
    question = new_id("ask")
    child.stdin.write(packed({"task": task, "question": question}, raw))
    await child.stdin.drain()
    head, body = await _answered(child)
    if head.get("question") != question:
        raise FrameBroken("the answer to another question")
    return head, body


async def _answered(child: Process) -> tuple[dict[str, Any], bytes]:
    if child.stdout is None:
        raise EOFError("the child has no stdout")
    head, body = lengths(await child.stdout.readexactly(LENGTHS.size))
    return head_of(await child.stdout.readexactly(head)), await child.stdout.readexactly(body)
