"""A mail's signatures again, with the keys that were kept and without any network: is the verdict still the same?"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from mailer.flows.authenticate_mail import NoSuchMail
from mailer.record.dkim_values import CheckedSignature, Judged, Verdict
from mailer.sandbox.sandbox import Sandbox, SandboxRefused
from mailer.store import events, inbox, signatures
from mailer.store.session import Store, Tx
from mailer.store.signatures import KeptAuthentication


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """One signature then and now; `now` None when no key was kept to check it with.

    `on_record`: whether the mail and the key are those in the text that the record binds.
    """

    then: CheckedSignature
    now: Judged | None
    on_record: bool

    @property
    def is_same(self) -> bool:
        """Whether what was found then still is what is found."""
        return self.on_record and (self.now is None or self.now.verdict == self.then.verdict)


async def recheck(store: Store, sandbox: Sandbox, mail_id: str) -> tuple[KeptAuthentication, tuple[Rechecked, ...]]:
    """Check the stored bytes of a mail against the stored keys; nothing is written.

    Returns the latest look at it, and each of its signatures. Raises NoSuchMail, SandboxUnavailable, StoreUnreachable.
    """
    async with store.reading() as tx:
        mail = await inbox.load(tx, mail_id)
        looks = await signatures.of_mail(tx, mail_id)
        raw = await events.payload(tx, mail.payload_id) if mail else None
        if raw is None or not looks:
            raise NoSuchMail(f"{mail_id!r} is no mail whose bytes are kept and whose signatures were looked at")
        text = await _text_on_record(tx, looks[0])
    is_this_mail = f"\nmail-sha256: {hashlib.sha256(raw).hexdigest()}\n".encode() in text
    found = []
    for one in looks[0].signatures:
        line = f"\n{one.number} txt-base64: {base64.b64encode(one.record).decode()}\n".encode()
        now = await _now(sandbox, raw, one, int(looks[0].received_at.timestamp())) if one.record else None
        found.append(Rechecked(then=one, now=now, on_record=is_this_mail and line in text))
    return looks[0], tuple(found)


async def _now(sandbox: Sandbox, raw: bytes, one: CheckedSignature, at: int) -> Judged:
    try:
        return (await sandbox.judge(raw, [(one.number, one.name, one.record)], at=at))[0]
    except SandboxRefused as problem:
        return Judged(verdict=Verdict.PERMERROR, reason=f"it cannot be checked: {problem.reason}")


async def _text_on_record(tx: Tx, look: KeptAuthentication) -> bytes:
    """Return the text of a look, b"" when it is not the one that its event names."""
    text = await events.payload(tx, look.id) or b""
    named = await events.listing(tx, customer_id=look.customer_id, types=["mail.authenticated"])
    sums = {one.payload.get("sha256") for one in named if one.refs.get("authentication") == look.id}
    return text if sums == {hashlib.sha256(text).hexdigest()} else b""
