"""The way in: mail is read over IMAP, and never changed there."""

from __future__ import annotations

from mailer.mailbox.batches import batches
from mailer.mailbox.imap import ImapMailbox, ImapSettings
from mailer.mailbox.mailbox import (
    MAX_FETCH,
    FetchedMail,
    FolderState,
    Mailbox,
    MailboxError,
    MailboxProbe,
    MailboxRefused,
    MailboxUnreachable,
)

__all__ = [
    "MAX_FETCH",
    "FetchedMail",
    "FolderState",
    "ImapMailbox",
    "ImapSettings",
    "Mailbox",
    "MailboxError",
    "MailboxProbe",
    "MailboxRefused",
    "MailboxUnreachable",
    "batches",
]
