"""What sort of mail it is. Deterministic, from proof to guess; whatever is not proven to be a machine is a person."""

from __future__ import annotations

import re
from collections.abc import Collection

from mailer.domain.message import InboundMail
from mailer.domain.reading import MailKind
from mailer.replies.bounce import is_named_daemon, is_report, read_bounce
from mailer.replies.complaint import read_complaint
from mailer.replies.robots import answers_by_itself, is_ticket
from mailer.replies.token import is_of_duly, own_id_of


def route(mail: InboundMail, *, own_addresses: Collection[str], key: bytes) -> MailKind:
    """Return the kind of a mail: own, then complaint and bounce, then automatic answers, then human.

    `own_addresses` are the mailboxes this service sends from (any case; a +tag in the mail does not matter).
    Delivery reports come before automatic answers because they too carry Auto-Submitted. A reminder by another Duly is
    a robot's mail like a ticket: two of them must never answer each other.
    """
    own = {address.lower() for address in own_addresses}
    if re.sub(r"\+[^@]*@", "@", mail.from_email) in own or own_id_of(mail, key):
        return MailKind.OWN
    if read_complaint(mail) is not None:
        return MailKind.COMPLAINT
    bounce = read_bounce(mail)
    if bounce is not None:
        return MailKind.BOUNCE_HARD if bounce.hard else MailKind.BOUNCE_SOFT
    if is_report(mail) or is_of_duly(mail):
        return MailKind.TICKET_ACK  # a report of success, or a read receipt (RFC 8098): nobody said anything
    if not answers_by_itself(mail):
        return MailKind.HUMAN
    return MailKind.TICKET_ACK if is_ticket(mail) or is_named_daemon(mail) else MailKind.AUTO_REPLY
