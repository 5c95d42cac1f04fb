"""Policies as they are written, assigned and described."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from mailer.domain.ids import StepId
from mailer.reminders.policy import Policy, PolicyError, describe, policy_from_values, policy_name_for
from mailer.reminders.steps import CallTask, EmailStep, FinalNotice, HoldNotice, LetterTask
from tests.core.reminders.samples import CUSTOMER, policy

FRIENDLY: dict[str, object] = {"id": "friendly", "when": "1 day after due"}
UPCOMING: dict[str, object] = {"id": "upcoming", "when": "3 days before due"}
THANKS: dict[str, object] = {"id": "thanks", "when": "1 day after payment"}
REPEATED: dict[str, object] = {"repeat_every_days": 9, "repeat_limit": 2}
CALL: dict[str, object] = {"id": "call", "kind": "call", "when": "9 days after due", "instructions": "phone"}


def problems(steps: object, **values: object) -> tuple[str, ...]:
    """What is wrong with a policy of these steps."""
    with pytest.raises(PolicyError) as caught:
        policy_from_values({**values, "steps": steps}, name="mine", version="v")
    assert "'mine'" in str(caught.value)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def test_everything_a_file_can_say() -> None:
    found = policy(
        [
            {"id": "upcoming", "when": "3 days before due", "kind": "email", "template": "soon", "useful_days": 2},
            FRIENDLY,
            CALL,
            {"id": "post", "kind": "letter", "when": "12 days after due", "template": "firm", "instructions": "post"},
            {"id": "halt", "kind": "hold_notice", "when": "20 days after due"},
            {"id": "last", "kind": "final_notice", "when": "30 days after due", **REPEATED},
        ],
        min_gap_days=4,
        grace_business_days=0,
        send_window="08:30-12:00",
        send_days=["tue", "sat"],
    )  # fmt: skip
    assert [type(step) for step in found.steps] == [EmailStep, EmailStep, CallTask, LetterTask, HoldNotice, FinalNotice]
    assert (found.min_gap_days, found.grace_business_days) == (4, 0)
    assert (found.window.days, found.window.opens, found.window.closes) == (frozenset({1, 5}), time(8, 30), time(12))
    assert found.step(StepId("friendly")) == found.steps[1]
    assert found.step(StepId("other")) is None
    assert describe(found) == (
        "at least 4 days between two contacts; a promise has 0 business days of grace",
        "mail goes out tue sat 08:30-12:00 local time",
        "3 days before due: upcoming - mail 'soon', within 2 days",
        "1 day after due: friendly - mail 'friendly', within 5 days",
        "9 days after due: call - task for a person: call (phone)",
        "12 days after due: post - task for a person: letter 'firm' (post)",
        "20 days after due: halt - notice of work stopping 'halt', within 5 days",
        "30 days after due: last - final notice 'last', within 5 days; again every 9 days, 2 times",
    )


def test_what_is_left_out_has_its_default() -> None:
    found = policy([FRIENDLY])
    assert (found.min_gap_days, found.grace_business_days, found.window.words) == (
        5,
        2,
        "mon tue wed thu fri 09:00-17:00",
    )
    assert found == Policy(name="test", version="v1", steps=found.steps)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": 7}, "step number 1: id is 7: write a text in quotes"),
        ({"id": "Friendly!"}, "step 'Friendly!': id is 'Friendly!': use small letters"),
        ({"id": "x" * 41}, "use small letters"),
        ({"id": " "}, "step ' ': id is ' ': write a text in quotes"),
        ({"kind": "sms"}, "step 'friendly': kind is 'sms': write one of email, hold_notice,"),
        ({"when": "-3 days"}, """step 'friendly': when is '-3 days': write "3 days before due", "on due date","""),
        ({"when": 3}, "step 'friendly': when is 3: write a text in quotes"),
        ({"template": "../etc"}, "step 'friendly': template is '../etc': use small letters"),
        ({"useful_days": 0}, "step 'friendly': useful_days is 0: write a whole number from 1 to 60"),
        ({"useful_days": True}, "useful_days is True: write a whole number"),
        ({"useful_days": 2.5}, "useful_days is 2.5: write a whole number"),
        ({"instructions": "phone"}, "step 'friendly': instructions is not known here: correct"),
        ({"days": 3}, "step 'friendly': days is not known here"),
        ({"repeat_every_days": 9}, "step 'friendly': repeat_limit is missing: add it"),
        ({"repeat_limit": 9}, "step 'friendly': repeat_every_days is missing: add it"),
        ({"repeat_limit": 0, "repeat_every_days": 1}, "step 'friendly': repeat_limit is 0: write a whole number"),
    ],
)  # fmt: skip
def test_a_step_that_cannot_be_read_names_its_field_and_the_cure(change: dict[str, Any], problem: str) -> None:
    (found,) = problems([{**FRIENDLY, **change}])
    assert problem in found


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"when": "1 day after due"}, "step number 2: id is missing: add it"),
        ({"id": "second"}, "step 'second': when is missing: add it"),
        ({"id": "call", "kind": "call", "when": "9 days after due"}, "step 'call': instructions is missing: add it"),
        ({**CALL, "template": "x"}, "step 'call': template is not known here"),
        ({**CALL, "useful_days": 3}, "step 'call': useful_days is not known here"),
        ({**CALL, "kind": "letter", "useful_days": 3}, "step 'call': useful_days is not known here"),
        ({**CALL, "id": "friendly"}, "step 'friendly': id is used twice: give each step its own"),
        ({"id": "b", "when": "1 day after due"}, "step 'b': when is '1 day after due', which does not come after '1"),
        ({"id": "b", "when": "3 days before due"}, "step 'b': when is '3 days before due', which does not come after"),
        ({**CALL, "when": "1 day after payment"}, "step 'call': kind must be email 1 day after payment"),
        ({"id": "b", "when": "1 day after payment", **REPEATED}, "is for the last step after due only"),
    ],
)  # fmt: skip
def test_a_second_step_must_fit_the_first(step: dict[str, Any], problem: str) -> None:
    (found,) = problems([FRIENDLY, step])
    assert problem in found


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (None, "steps: there are none: add a [[steps]] table"),
        ([], "steps: there are none"),
        ("friendly", "steps: there are none"),
        (["friendly"], "steps: there are none"),
        ([UPCOMING], "steps: none comes after due: add one"),
        ([CALL], "step 'call': kind must be email, because it is the first after due"),
        ([{**FRIENDLY, "kind": "hold_notice"}], "step 'friendly': kind must be email, because it is the first"),
        ([{**CALL, "when": "3 days before due"}, FRIENDLY], "step 'call': kind must be email 3 days before due"),
        ([{**FRIENDLY, **REPEATED}, CALL], "step 'friendly': repeat_every_days is for the"),
        ([UPCOMING, {"id": "b", "when": "4 days before due"}, FRIENDLY], "step 'b': when"),
        ([FRIENDLY, THANKS, {"id": "b", "when": "2 days after payment"}], "step 'b': when is after payment"),
    ],
)  # fmt: skip
def test_the_ladder_must_be_climbable(steps: object, problem: str) -> None:
    (found,) = problems(steps)
    assert problem in found


def test_a_repeat_without_a_ladder_is_two_problems() -> None:
    assert len(problems([{**UPCOMING, **REPEATED}])) == 2


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"min_gap_days": 0}, "top of the file: min_gap_days is 0: write a whole number from 1 to 90"),
        ({"grace_business_days": -1}, "top of the file: grace_business_days is -1"),
        ({"min_gap": 3}, "top of the file: min_gap is not known here"),
        (
            {"send_window": "9-17"},
            """send_window is '9-17': write opening and closing hour of one day, such as "09:00-""",
        ),
        ({"send_window": "17:00-09:00"}, "send_window is '17:00-09:00'"),
        ({"send_window": "09:00-24:00"}, "send_window is '09:00-24:00'"),
        ({"send_window": "09:60-17:00"}, "send_window is '09:60-17:00'"),
        ({"send_window": "09:00-17:75"}, "send_window is '09:00-17:75'"),
        ({"send_window": 9}, "send_window is 9: write a text in quotes"),
        ({"send_days": []}, "send_days is []: write a list such as ['mon', 'tue', 'wed', 'thu', 'fri']"),
        ({"send_days": ["monday"]}, "send_days is ['monday']"),
        ({"send_days": "mon"}, "send_days is 'mon'"),
        ({"send_days": [["mon"]]}, "send_days is [['mon']]"),
    ],
)
def test_the_top_of_the_file_is_checked_too(values: dict[str, Any], problem: str) -> None:
    (found,) = problems([FRIENDLY], **values)
    assert problem in found


def test_all_problems_are_listed_at_once() -> None:
    found = problems([{"id": "A"}, {"when": "soon", "kind": "sms"}], min_gap_days=0, colour="red")
    assert [problem.split(" is ")[0] for problem in found] == [
        "top of the file: min_gap_days",
        "top of the file: colour",
        "step 'A': id",
        "step 'A': when",
        "step number 2: id",
        "step number 2: when",
        "step number 2: kind",
    ]


@pytest.mark.parametrize(
    ("own", "tags", "expected"),
    [
        ("", (), "standard"),
        ("", ("other",), "standard"),
        ("", ("vip",), "personal"),
        ("", ("agency", "vip"), "personal"),  # the assignments' order decides, not the customer's
        ("strict", ("vip",), "strict"),
    ],
)
def test_own_policy_then_the_first_tag_then_the_default(own: str, tags: tuple[str, ...], expected: str) -> None:
    customer = replace(CUSTOMER, policy=own, tags=tags)
    assert policy_name_for(customer, {"vip": "personal", "agency": "firm"}, "standard") == expected
