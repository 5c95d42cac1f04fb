"""The simulated customers: they read their mailbox over IMAP, answer over SMTP and tell their bank to pay. No more."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from workers.demo.bank import Bank, Transfer
from workers.demo.calendar_days import business_day_after
from workers.demo.letters import Letter, answer, automatic_answer, day_in_words, first_letter
from workers.demo.scenario import Reaction, Says, Scenario, Script


class CatchAll:
    """One INBOX that holds the mail of all customers, read once over IMAP."""

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self._imap = imaplib.IMAP4(host, port)
        self._imap.login(user, password)
        self._imap.select("INBOX", readonly=True)
        self._last_uid = 0

    def new_mails(self) -> list[EmailMessage]:
        """Return what came since the last look, oldest first."""
        self._imap.noop()
        # "n:*" past the end means the last message (RFC 3501 §6.4.8), hence the comparison.
        found = self._imap.uid("SEARCH", f"UID {self._last_uid + 1}:*")[1][0] or b""
        uids = [int(uid) for uid in found.split() if int(uid) > self._last_uid]
        if not uids:
            return []
        self._last_uid = max(uids)
        answers = self._imap.uid("FETCH", ",".join(map(str, uids)), "(BODY.PEEK[])")[1]
        bodies = (part[1] for part in answers if isinstance(part, tuple))
        return [message_from_bytes(body, EmailMessage, policy=policy.default) for body in bodies]

    def close(self) -> None:
        """Log out."""
        self._imap.logout()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intention:
    """What a customer has decided to do on a day, after a mail."""

    on: date
    reaction: Reaction
    mail: EmailMessage


@dataclass(slots=True, kw_only=True)
class Person:
    """One customer at work: counts his reminders and follows his script."""

    script: Script
    received: int = 0
    written: int = 0
    intentions: list[Intention] = field(default_factory=list)

    def read(self, mail: EmailMessage, today: date) -> None:
        """Read a reminder and decide what to do about it, and when."""
        self.received += 1
        for reaction in self.script.reactions:
            if reaction.reminder == self.received:
                on = business_day_after(today, reaction.after_business_days)
                self.intentions.append(Intention(on=on, reaction=reaction, mail=mail))

    def act(self, today: date, now: datetime, bank: Bank) -> list[Letter]:
        """Do what is to be done by today: tell the bank, and return the answers to be sent."""
        ripe = [one for one in self.intentions if one.on <= today]
        self.intentions = [one for one in self.intentions if one.on > today]
        letters = []
        for intention in ripe:
            reaction = intention.reaction
            if reaction.pays_in_business_days is not None:
                on = business_day_after(today, reaction.pays_in_business_days)
                bank.order(Transfer(on=on, number=one, amount=reaction.amount) for one in reaction.invoices)
            if reaction.says is not Says.NOTHING:
                letters.append(self._letter(intention, today, now))
        return letters

    def _letter(self, intention: Intention, today: date, now: datetime) -> Letter:
        reaction, language = intention.reaction, self.script.language
        promised = business_day_after(today, reaction.promises_in_business_days or 0)
        until = reaction.away_until or today
        text = reaction.text.format(date=day_in_words(promised, language), until=day_in_words(until, language))
        self.written += 1
        write = automatic_answer if reaction.says is Says.AWAY else answer
        return write(self.script, intention.mail, text, number=self.written, now=now)


class Customers:
    """All of them, and the strangers; runs in a thread of its own, since its mail clients block."""

    def __init__(self, scenario: Scenario, catch_all: CatchAll, *, smtp_host: str, smtp_port: int, bank: Bank) -> None:
        self._scenario = scenario
        self._catch_all = catch_all
        self._smtp = (smtp_host, smtp_port)
        self._bank = bank
        self._people = {script.email: Person(script=script) for script in scenario.customers}
        self._strangers = list(scenario.strangers)

    def look_and_answer(self, now: datetime) -> int:
        """Read what came, and do what the scripts say for this moment (aware); returns how many mails were written."""
        today = now.astimezone(ZoneInfo(self._scenario.time_zone)).date()
        for mail in self._catch_all.new_mails():
            self._people[str(mail["Delivered-To"])].read(mail, today)
        letters = [letter for person in self._people.values() for letter in person.act(today, now, self._bank)]
        letters += self._from_strangers(today, now)
        self._send(letters)
        return len(letters)

    def _from_strangers(self, today: date, now: datetime) -> list[Letter]:
        day = self._scenario.days.index(today) + 1
        writing = [one for one in self._strangers if one.day <= day]
        self._strangers = [one for one in self._strangers if one.day > day]
        seller = self._scenario.seller_address
        return [
            first_letter(one.sender, seller, one.subject, one.text.strip() + "\n", number=number, now=now)
            for number, one in enumerate(writing, 1)
        ]

    def _send(self, letters: Sequence[Letter]) -> None:
        if not letters:
            return
        with smtplib.SMTP(*self._smtp, local_hostname="localhost") as smtp:
            for letter in letters:
                smtp.sendmail(letter.sender, [letter.recipient], letter.message.as_bytes())
