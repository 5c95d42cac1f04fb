"""A second opinion on a reply, by a language model: asked outside of any transaction, within its time and its budget.

Nothing that happens here can keep a mail from being read: without an opinion the rules alone decide.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import structlog

from mailer.clock import Clock
from mailer.domain.customer import Customer
from mailer.domain.reading import MailKind, Reading
from mailer.flows.examine_mail import Examined
from mailer.flows.second_reader import SecondReader
from mailer.replies.merging import Mode
from mailer.replies.opinion import MAX_ASKED_CHARS, Opinion, opinion_from, question
from mailer.replies.phrases import Phrases
from mailer.replies.redaction import Redacted, redacted
from mailer.store import state
from mailer.store.session import Store

#: Kinds of mail in which a person may have said something.
ASKED = frozenset({MailKind.HUMAN, MailKind.TICKET_ACK})
_BUDGET = "llm_calls:"
#: So much of an answer is kept, in characters.
_KEPT_CHARS = 4_000
#: Nothing that is taken out is longer, in characters.
_LONGEST_NAMED = 600
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """An opinion, in which mode it is heard, and what is kept of how it came about."""

    mode: Mode
    opinion: Opinion
    kept: dict[str, object]


async def second_opinion(
    second: SecondReader,
    reading: Reading,
    examined: Examined,
    customer: Customer,
    *,
    store: Store,
    phrases: Phrases,
    clock: Clock,
) -> Second | None:
    """Return what the model thinks of a mail of a known customer, None where it is not asked; raises StoreUnreachable.

    No transaction is open while it is asked.
    """
    if reading.kind not in ASKED or not reading.own.strip() or examined.mail.sent_at is None:
        return None
    today = clock().date()
    async with store.transaction() as tx:
        may_ask = await state.count_up(tx, f"{_BUDGET}{today.isoformat()}", most=second.per_day)
    kept: dict[str, object] = {"mode": second.mode, "model": second.model}
    if not may_ask:
        return _none(second, kept, "the budget of the day is used up")
    try:
        language = phrases.languages.get(reading.language)
        words = phrases.function_words.get(reading.language, frozenset())
        asked = _without_names(second, reading, examined, customer, words)
        messages = question(asked, reading.language)
        kept["prompt_sha256"] = hashlib.sha256(repr(messages).encode()).hexdigest()
        answer = await second.ask(messages)
        kept |= {"answer": answer.text[:_KEPT_CHARS], "seconds": answer.seconds, "tokens": answer.tokens}
        if answer.problem:
            return _none(second, kept, answer.problem)
        anchor = examined.mail.sent_at.date()
        opinion = opinion_from(
            answer.text, asked, reading.own, language=language, anchor=anchor, country=customer.country
        )
    except Exception as problem:  # a bug of ours here must not keep the mail from being read
        log.exception("no second opinion")
        return _none(second, kept, type(problem).__name__)
    return Second(mode=second.mode, opinion=opinion, kept=kept | _plain(opinion))


def _plain(opinion: Opinion) -> dict[str, object]:
    """Return an opinion as JSON values."""
    values: dict[str, object] = json.loads(json.dumps(asdict(opinion), default=str))
    return values


def _none(second: SecondReader, kept: dict[str, object], problem: str) -> Second:
    log.info("no second opinion", reason=problem)
    return Second(mode=second.mode, opinion=Opinion(problem=problem), kept=kept | {"problem": problem})


def _without_names(
    second: SecondReader, reading: Reading, examined: Examined, customer: Customer, words: frozenset[str]
) -> Redacted:
    own = reading.own[: MAX_ASKED_CHARS + _LONGEST_NAMED]  # a number at the cut is whole when it is looked for
    if not second.redacts:
        return Redacted(text=own)
    # "tom.rowe@…" signs as Tom: the names in the addresses are names too.
    addresses = (one.partition("@")[0] for one in (examined.mail.from_email, *customer.emails))
    names = (customer.contact_name, examined.mail.from_name, *second.names, *addresses)
    return redacted(own, names=names, firms=(customer.name, *second.firms), words=words)
