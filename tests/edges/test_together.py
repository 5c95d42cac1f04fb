"""One commit for several: nobody waits for ever, whatever the commit does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from mailer.flows.together import Together


class _Killed(BaseException):
    """The process ends here."""


async def _outcomes(together: Together[int, int], items: Sequence[int]) -> list[int | BaseException]:
    """Return what each caller got, all of whom come at the same time."""
    async with asyncio.timeout(5):
        return await asyncio.gather(*map(together, items), return_exceptions=True)


async def test_those_who_come_about_the_same_time_share_a_group() -> None:
    groups: list[list[int]] = []

    async def run(group: Sequence[int]) -> list[int]:
        groups.append(list(group))
        return [10 * item for item in group]

    assert await _outcomes(Together(run, most=lambda: 3), [1, 2, 3]) == [10, 20, 30]
    assert groups == [[1, 2, 3]]


async def test_only_the_one_at_fault_gets_the_exception() -> None:
    async def run(group: Sequence[int]) -> list[int]:
        if 2 in group:
            raise ValueError("two")
        return list(group)

    one, two, three = await _outcomes(Together(run, most=lambda: 3), [1, 2, 3])
    assert (one, three) == (1, 3)
    assert isinstance(two, ValueError)


@pytest.mark.parametrize("first", ["whole", "alone"])
async def test_nobody_is_served_after_the_process_ended(first: str) -> None:
    """Also when it ends while the items of a group that failed are tried alone."""
    served: list[int] = []

    async def run(group: Sequence[int]) -> list[int]:
        if len(group) > 1 and first == "alone":
            raise ValueError("together it fails")
        if 2 in group:
            raise _Killed
        served.extend(group)
        return list(group)

    outcomes = await _outcomes(Together(run, most=lambda: 3), [1, 2, 3])
    assert served == ([1] if first == "alone" else [])
    assert [isinstance(one, _Killed) for one in outcomes] == [first == "whole", True, True]


async def test_a_result_too_few_is_told_to_those_who_wait() -> None:
    async def run(group: Sequence[int]) -> list[int]:
        return list(group)[1:]

    outcomes = await _outcomes(Together(run, most=lambda: 2), [1, 2])
    assert isinstance(outcomes[1], ValueError)


async def test_a_group_outlives_a_caller_who_was_cancelled_and_can_be_waited_for() -> None:
    go_on = asyncio.Event()
    written: list[int] = []

    async def run(group: Sequence[int]) -> list[int]:
        await go_on.wait()
        written.extend(group)
        return list(group)

    together = Together(run, most=lambda: 1)
    caller = asyncio.create_task(together(1))
    await asyncio.sleep(0.01)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    go_on.set()
    await together.ended()
    assert written == [1]
