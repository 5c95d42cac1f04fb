"""Writing a reminder: template, tokens and headers become the exact bytes that SMTP will be given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from mailer.domain.actions import SendReminder
from mailer.domain.case import CaseFacts
from mailer.domain.ids import OutboxId
from mailer.domain.message import OutboxMessage
from mailer.reminders.policy import Policy
from mailer.rendering.message import Mailbox, build_message, mark_as_copy
from mailer.rendering.renderer import RenderedMail, Renderer
from mailer.rendering.values import Seller, reminder_values
from mailer.replies.token import MARK_HEADER, message_id, message_mark, reply_address, reply_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where reminders are written: templates, who writes, the signing key, whether the mailbox knows sub-addresses."""

    renderer: Renderer
    seller: Seller
    key: bytes
    plus_addressing: bool

    @property
    def domain(self) -> str:
        """The domain of our Message-IDs."""
        return self.seller.email.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message, its frozen bytes, and what it was made from."""

    message: OutboxMessage
    content: bytes
    text: str
    html: str
    template_hash: str


def write_message(
    desk: Desk,
    action: SendReminder,
    facts: CaseFacts,
    policy: Policy,
    *,
    outbox_id: OutboxId,
    thread: tuple[str, ...],
    today: date,
    now: datetime,
    copy_to: str = "",
) -> Written:
    """Return the mail that a reminder action asks for. `thread`: our earlier Message-IDs, oldest first.

    With `copy_to` it is a marked copy for ourselves: it goes there, has no reply token and answers no thread.
    Raises TemplateProblem and HeaderRefused, naming the file or the value.
    """
    rendered = _rendered(desk, action, facts, today)
    own_id = message_id(outbox_id, desk.key, desk.domain)
    name, reply_to = facts.customer.contact_name or facts.customer.name, _reply_to(desk, outbox_id)
    if copy_to:
        rendered, name, reply_to, thread = mark_as_copy(rendered, facts.customer.name), "", desk.seller.email, ()
    content = build_message(
        rendered,
        sender=Mailbox(name=desk.seller.sender_name or desk.seller.name, address=desk.seller.email),
        recipient=Mailbox(name=name, address=copy_to or action.recipient),
        reply_to=reply_to,
        message_id=own_id,
        sent_at=now,
        references=thread,
        headers=((MARK_HEADER, message_mark(outbox_id, desk.key)),),
    )
    message = _message(desk, action, policy, rendered, outbox_id=outbox_id, own_id=own_id, now=now)
    return Written(
        message=replace(message, recipient=copy_to or action.recipient),
        content=content,
        text=rendered.text,
        html=rendered.html,
        template_hash=rendered.template_hash,
    )


def _reply_to(desk: Desk, outbox_id: OutboxId) -> str:
    return reply_address(desk.seller.email, reply_token(outbox_id, desk.key), plus=desk.plus_addressing)


def _message(
    desk: Desk,
    action: SendReminder,
    policy: Policy,
    rendered: RenderedMail,
    *,
    outbox_id: OutboxId,
    own_id: str,
    now: datetime,
) -> OutboxMessage:
    return OutboxMessage(
        id=outbox_id,
        customer_id=action.customer_id,
        recipient=action.recipient,
        sender=desk.seller.email,
        message_id=own_id,
        subject=rendered.subject,
        template=action.template,
        language=rendered.language,
        policy=policy.name,
        policy_version=policy.version,
        listed=action.listed,
        created_at=now,
        useful_until_at=now + timedelta(days=action.useful_days),
    )


def _rendered(desk: Desk, action: SendReminder, facts: CaseFacts, today: date) -> RenderedMail:
    language = desk.renderer.language_for("reminders", action.template, facts.customer.language)
    values = reminder_values(
        customer=facts.customer,
        seller=desk.seller,
        listed=action.listed,
        invoices=facts.invoices,
        main_step_id=action.main_step_id,
        today=today,
        language=language,
        broken_promise_on=action.broken_promise_on,
    )
    return desk.renderer.reminder(action.template, language, values)
