"""G3: robots that answer every mail, another Duly, our own mail come back, success reports: nobody is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage

import pytest

from mailer.clock import new_id
from mailer.domain.ids import OutboxId
from mailer.replies.token import message_id, message_mark
from tests.servers.smtp import Received
from tests.stories.world import SELLER, World

DUE = date(2026, 9, 4)
#: The second house (PostgreSQL, arq) differs only in how jobs are run: there ten days show that robots stay unanswered.
DAYS, DAYS_ON_REDIS = 30, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """A reminder of ours as its recipient's robot has it."""

    mail: EmailMessage
    raw: bytes
    address: str

    def answer(self, subject: str, text: str, *more: str, sender: str = "") -> bytes:
        """Return a mail in answer to it, with further header lines."""
        own_id = () if any(one.startswith("Message-ID") for one in more) else (f"Message-ID: <{new_id('x')}@robot>",)
        headers = (
            f"From: {sender or self.address}",
            f"To: {self.mail['Reply-To']}",
            f"Subject: {subject}",
            f"In-Reply-To: {self.mail['Message-ID']}",
            f"References: {self.mail['Message-ID']}",
            *own_id,
            *more,
        )
        return ("\r\n".join(headers) + f"\r\n\r\n{text}\r\n").encode()


Robot = Callable[[Reminded], bytes]


def absence(one: Reminded) -> bytes:
    text = "I am out of the office and will answer on my return."
    return one.answer(f"Automatic reply: {one.mail['Subject']}", text, "Auto-Submitted: auto-replied")


def ticket(one: Reminded) -> bytes:
    text = "Your request has been received. Ticket number 4711."
    return one.answer(f"[T-4711] {one.mail['Subject']}", text, "Auto-Submitted: auto-generated")


def other_duly(one: Reminded) -> bytes:
    """The customer runs a Duly too, and we owe them: it reminds us whenever we remind it."""
    theirs, key = OutboxId(new_id("out")), b"the key of the other installation"
    return one.answer(
        "Invoice 77: friendly reminder",
        "The following invoice is still open on our side. Please pay by Friday.",
        f"Message-ID: <{message_id(theirs, key, 'robot.example')}>",
        f"X-Duly-Message: {message_mark(theirs, key)}",
        "Auto-Submitted: auto-generated",
    )


def own_mail(one: Reminded) -> bytes:
    """A list or a broken forwarding sends our own mail back to us."""
    return b"Received: from list.example\r\n" + one.raw


def own_address(one: Reminded) -> bytes:
    """An automatic answer that comes from our own address: our mailbox answers itself."""
    return one.answer("Automatic reply", "We have got your mail.", "Auto-Submitted: auto-replied", sender=SELLER)


def success_report(one: Reminded) -> bytes:
    """A success report for every mail, in words of its own, with the null return path."""
    daemon = f"MAILER-DAEMON@{one.address.rpartition('@')[2]}"
    more = ("Return-Path: <>", "Auto-Submitted: auto-replied")
    return one.answer("Successful Mail Delivery Report", "Your message was delivered.", *more, sender=daemon)


#: Robots that change nothing: a customer with one gets the very reminders of a customer that is silent.
WITHOUT_EFFECT: tuple[Robot, ...] = (ticket, other_duly, own_mail, own_address, success_report)


def answer_all(world: World, seen: int, robots: dict[str, Robot]) -> int:
    """Let every robot answer what has come since."""
    messages: list[Received] = world.smtp.messages
    for received, mail in zip(messages[seen:], world.mails[seen:], strict=True):
        address = received.recipients[0]
        if address in robots:
            world.dovecot.deliver(robots[address](Reminded(mail=mail, raw=received.raw, address=address)))
    return len(messages)


@pytest.mark.timeout(600)
async def test_robots_get_no_answer_day_after_day(world: World) -> None:
    robots: dict[str, Robot] = {}
    for number, robot in enumerate((absence, *WITHOUT_EFFECT), start=1):
        address = f"ap@k{number}.example"
        robots[address] = robot
        await world.owe(f"INV-{number}", due=DUE, customer=f"K{number}", email=address)
    await world.owe("INV-99", due=DUE, customer="K99", email="ap@silent.example")

    seen, per_day = 0, Counter[tuple[str, date]]()
    for _ in range(DAYS_ON_REDIS if world.redis_url else DAYS):
        for _ in range(2):  # a robot that is answered would get two mails on one day
            before = len(world.smtp.messages)
            await world.round()
            for received in world.smtp.messages[before:]:
                per_day[received.recipients[0], world.clock().date()] += 1
            seen = answer_all(world, seen, robots)
        before = len(world.smtp.messages)
        await world.pass_days(1)
        for received in world.smtp.messages[before:]:
            per_day[received.recipients[0], world.clock().date()] += 1
        seen = answer_all(world, seen, robots)

    assert max(per_day.values()) == 1
    sent = Counter(received.recipients[0] for received in world.smtp.messages)
    silent = sent["ap@silent.example"]
    assert silent >= (2 if world.redis_url else 3)
    for address, robot in robots.items():
        assert sent[address] == silent if robot in WITHOUT_EFFECT else 1 <= sent[address] <= silent, robot.__name__
    for number in range(1, len(robots) + 1):
        facts = await world.facts(f"INV-{number}")
        assert facts.disputes == ()
        assert facts.promises == ()  # "please pay by Friday" by a robot is nobody's promise
        if number > 1:
            assert facts.holds == (), number
    assert await world.waiting() == 0
