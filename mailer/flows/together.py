"""One commit for all who come about the same time: durable writes cost by the commit, not by the row."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: How long a group waits for those who may still come: less than a mail server takes to answer.
PAUSE_SECONDS = 0.005


class Together(Generic[Item, Result]):
    """Collects items and hands them on in groups, each group when the one before it is done.

    `most` tells how many may come at the same time: a group that is not yet as large waits for PAUSE_SECONDS. `run`
    takes a group and returns one result for each, in order. When it raises for a group, every item is tried alone, so
    that only those at fault get the exception. A caller who is cancelled does not stop the group.
    """

    def __init__(
        self, run: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], *, most: Callable[[], int]
    ) -> None:
        self._run = run
        self._most = most
        self._all_here = asyncio.Event()
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Result:
        """Return the result of this item; raises what `run` raises for it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._most():
            self._all_here.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await future

    async def ended(self) -> None:
        """Wait until no group is under way: the last one may outlive the callers who were cancelled."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        while self._waiting:
            group: list[tuple[Item, asyncio.Future[Result]]] = []
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._all_here.wait(), PAUSE_SECONDS)
                self._all_here.clear()
                group, self._waiting = self._waiting, []
                await self._serve(group)
            except BaseException as end:  # noqa: BLE001 - the process ends: nobody may wait for ever, or be served
                _fail([*group, *self._waiting], end)
                self._waiting = []

    async def _serve(self, group: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._run([item for item, _ in group])
        except Exception as problem:  # noqa: BLE001 - it goes to whoever asked
            if len(group) == 1:
                _fail(group, problem)
                return
            for one in group:
                await self._serve([one])
            return
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)


def _fail(group: Sequence[tuple[Item, asyncio.Future[Result]]], problem: BaseException) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(problem)
