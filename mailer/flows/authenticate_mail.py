"""Who signed the mails of our customers: their DKIM keys are asked for while they are there, and kept.

It is evidence and nothing else: no verdict here moves a reminder, a hold or a balance. Mails are read without waiting
for it; what could not be asked for is asked for again, a few times.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version

from mailer.clock import Clock, new_id, new_salt
from mailer.domain.ids import CustomerId, MailId
from mailer.flows.recording import Happened, happened
from mailer.nameserver import Txt
from mailer.record.dkim_claims import Claim, Claims
from mailer.record.dkim_text import Authentication, text_of
from mailer.record.dkim_values import CheckedSignature, Judged, Verdict, best
from mailer.sandbox.sandbox import Sandbox, SandboxRefused
from mailer.store import customers, events, inbox, signatures
from mailer.store.inbox import StoredMail
from mailer.store.session import Store, Taken, Tx
from mailer.store.signatures import KeptAuthentication

ACTOR = "system:authenticate"
#: How long after a look whose key could not be asked for the next one comes; then it stays as it is.
WAITS = (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=12))
#: Older mail is not looked at unasked: its key may be another by now.
LOOKS_BACK = timedelta(days=30)
MOST_A_RUN = 80
SIDE_BY_SIDE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """What looking at signatures needs. `lookup`: None when no keys are asked for.

    `trusted`: names of servers (lower case) whose Authentication-Results count, `own_received` Received fields deep.
    """

    store: Store
    sandbox: Sandbox
    clock: Clock
    lookup: Callable[[str], Awaitable[Txt]] | None
    trusted: frozenset[str] = frozenset()
    own_received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationReport:
    """How many mails were looked at, and of how many a key could not be asked for."""

    checked: int = 0
    postponed: int = 0


class NoSuchMail(LookupError):
    """There is no such mail, it is nobody's, or its bytes are gone."""


async def authenticate_new(authenticator: Authenticator) -> AuthenticationReport:
    """Look at the signatures of what came in, and again where a key could not be asked for.

    Raises StoreUnreachable, SandboxUnavailable.
    """
    now = authenticator.clock()
    async with authenticator.store.reading() as tx:
        waiting = await signatures.postponed(tx, len(WAITS) + 1, now - LOOKS_BACK)
        again = [one.mail_id for one in waiting if now >= one.checked_at + WAITS[one.attempt - 1]]
        ids = [*await signatures.missing(tx, now - LOOKS_BACK, MOST_A_RUN), *again][:MOST_A_RUN]
    if not ids:
        return AuthenticationReport()
    remembering = replace(authenticator, lookup=_once_each(authenticator.lookup))
    turn = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one_of(mail_id: MailId) -> Verdict | None:
        async with turn:
            try:
                return (await authenticate(remembering, mail_id)).verdict
            except (NoSuchMail, Taken):
                return None  # it was let go, became somebody else's, or another worker was faster

    every = await asyncio.gather(*map(one_of, ids), return_exceptions=True)
    for one in every:
        if isinstance(one, BaseException):
            raise one
    found = [verdict for verdict in every if isinstance(verdict, Verdict)]
    return AuthenticationReport(checked=len(found), postponed=found.count(Verdict.TEMPERROR))


async def authenticate(authenticator: Authenticator, mail_id: str, *, actor: str = ACTOR) -> KeptAuthentication:
    """Look at the signatures of one mail now, and keep what is found, with its event.

    No transaction is open while the DNS is asked. Raises NoSuchMail, Taken (another worker did the same),
    StoreUnreachable, SandboxUnavailable.
    """
    async with authenticator.store.reading() as tx:
        mail, customer_id, raw = await _mail(tx, mail_id)
        before = await signatures.of_mail(tx, mail_id)
        attempt = await signatures.last_attempt(tx, mail_id, customer_id) + 1
    received_at = min(mail.fetched_at, mail.internal_at or mail.fetched_at)
    known = {one.name: one for look in before for one in look.signatures if one.record}
    try:
        claims, results = await authenticator.sandbox.claims(raw, authenticator.trusted, authenticator.own_received)
        found = await _checked(authenticator, raw, claims, known, received_at)
        whole, reason = best(found), ""
    except SandboxRefused as problem:
        claims, results, found, whole = Claims(from_domain="", signatures=(), many=0), (), (), None
        reason = f"it cannot be looked at: {problem.reason}"
    kept = KeptAuthentication(
        id=new_id("auth"),
        mail_id=mail.id,
        customer_id=customer_id,
        attempt=attempt,
        received_at=received_at,
        checked_at=authenticator.clock(),
        from_domain=claims.from_domain,
        verdict=whole.verdict if whole else Verdict.PERMERROR if reason else Verdict.NONE,
        reason=whole.reason if whole else reason,
        many=claims.many,
        results=results,
        signatures=found,
    )
    await _keep(authenticator.store, mail, kept, actor)
    return kept


async def _mail(tx: Tx, mail_id: str) -> tuple[StoredMail, CustomerId, bytes]:
    mail = await inbox.load(tx, mail_id)
    raw = await events.payload(tx, mail.payload_id) if mail else None
    if mail is None or raw is None or mail.customer_id is None or mail.direction != inbox.IN:
        raise NoSuchMail(f"{mail_id!r} is no mail of a customer whose bytes are kept: `duly inbox list --all`")
    return mail, mail.customer_id, raw


def _once_each(lookup: Callable[[str], Awaitable[Txt]] | None) -> Callable[[str], Awaitable[Txt]] | None:
    """Return a look-up that asks for each name only once: many mails of a run are signed with the same key."""
    if lookup is None:
        return None
    asked: dict[str, asyncio.Future[Txt]] = {}

    async def ask(name: str) -> Txt:
        if name not in asked:
            asked[name] = asyncio.ensure_future(lookup(name))
        return await asked[name]

    return ask


async def _checked(
    authenticator: Authenticator,
    raw: bytes,
    claims: Claims,
    known: Mapping[str, CheckedSignature],
    received_at: datetime,
) -> tuple[CheckedSignature, ...]:
    """Return the signatures with their verdicts; a key that was fetched before is not asked for again."""
    asked = [_signature(one) for one in claims.signatures]
    answers = await asyncio.gather(*(_key(authenticator, one, known.get(one.name)) for one in asked))
    tried = [(one, record) for one, records in answers for record in records]
    questions = [(one.number, one.name, record) for one, record in tried]
    at = int(received_at.timestamp())
    try:
        verdicts: Sequence[Judged] = await authenticator.sandbox.judge(raw, questions, at=at) if questions else ()
    except SandboxRefused as problem:
        refused = Judged(verdict=Verdict.PERMERROR, reason=f"it cannot be checked: {problem.reason}")
        verdicts = [refused] * len(questions)
    found = [one for one, records in answers if not records]
    by_number: dict[int, list[CheckedSignature]] = {}
    for (one, record), judged in zip(tried, verdicts, strict=True):
        told = replace(one, record=record, verdict=judged.verdict, reason=judged.reason, weak=judged.weak)
        by_number.setdefault(one.number, []).append(told)
    found += [chosen for several in by_number.values() if (chosen := best(several))]
    return tuple(sorted(found, key=lambda one: one.number))


def _signature(one: Claim) -> CheckedSignature:
    return CheckedSignature(
        number=one.number,
        domain=one.domain,
        selector=one.selector,
        name=one.name,
        verdict=Verdict.PERMERROR,
        reason=one.problem,
        weak=(),
        alignment=one.alignment,
        record=b"",
        resolver="",
        asked_at=None,
    )


async def _key(
    authenticator: Authenticator, one: CheckedSignature, known: CheckedSignature | None
) -> tuple[CheckedSignature, tuple[bytes, ...]]:
    """Return a signature with who gave its key and when, and the records that may be it; none: with its verdict."""
    if not one.name:
        return one, ()
    if known is not None:
        return replace(one, resolver=known.resolver, asked_at=known.asked_at), (known.record,)
    if authenticator.lookup is None:
        return replace(one, verdict=Verdict.NEUTRAL, reason="keys are not asked for here"), ()
    txt = await authenticator.lookup(one.name)
    asked = replace(one, resolver=txt.server[:255], asked_at=authenticator.clock())
    if txt.records:
        return asked, txt.records
    return replace(asked, verdict=Verdict.PERMERROR if txt.is_final else Verdict.TEMPERROR, reason=txt.problem), ()


async def _keep(store: Store, mail: StoredMail, kept: KeptAuthentication, actor: str) -> None:
    """Write the look, its text and its event in one transaction. Raises Taken, NoSuchMail."""
    text = text_of(
        Authentication(
            sha256=mail.sha256,
            received_at=kept.received_at,
            checked_at=kept.checked_at,
            attempt=kept.attempt,
            tool=f"dkimpy {version('dkimpy')}",
            from_domain=kept.from_domain,
            verdict=kept.verdict,
            reason=kept.reason,
            many=kept.many,
            signatures=kept.signatures,
            results=kept.results,
        )
    )
    async with store.transaction() as tx:
        await customers.lock(tx, kept.customer_id)
        present = await inbox.load(tx, mail.id)
        if present is None or present.customer_id != kept.customer_id or not present.payload_id:
            raise NoSuchMail(f"{mail.id!r} became somebody else's, or was let go, while its signatures were looked at")
        await signatures.put(tx, kept)
        await events.keep_payload(
            tx, payload_id=kept.id, subject_id=kept.customer_id, kind="authentication", salt=new_salt(), body=text
        )
        await events.record(tx, [await _event(tx, kept, text, actor)])


async def _event(tx: Tx, kept: KeptAuthentication, text: bytes, actor: str) -> Happened:
    """Return the event: what follows from it can be told again, and it binds the text by its SHA-256."""
    case = next(iter(await customers.cases_of(tx, kept.customer_id, running_only=True)), None)
    speaks = best(kept.signatures)
    return happened(
        "mail.authenticated",
        now=kept.checked_at,
        actor=actor,
        customer_id=kept.customer_id,
        case_id=case.id if case else None,
        refs={"mail": kept.mail_id, "authentication": kept.id},
        payload={
            "verdict": kept.verdict.value,
            "reason": kept.reason,
            "domain": speaks.domain if speaks else "",
            "domain_and_from": speaks.alignment if speaks else "",
            "but": list(speaks.weak) if speaks else [],
            "server_said": list(kept.results),
            "signatures": kept.many,
            "attempt": kept.attempt,
            "sha256": hashlib.sha256(text).hexdigest(),
        },
    )
