"""Settings become the parts: built once per process, handed to the flows piece by piece."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mailer.channels.channel import Channel
from mailer.channels.settings import SmtpSettings
from mailer.channels.smtp import SmtpChannel
from mailer.clock import Clock, new_id, utc_now
from mailer.flows.copy_to_sent import Copier
from mailer.flows.match_mail import Reader
from mailer.flows.plan_reminders import Planner
from mailer.flows.policies import Policies
from mailer.flows.receive_mail import Intake
from mailer.flows.send_message import Sender
from mailer.flows.settle_unknown import Place, Settler
from mailer.flows.write_message import Desk
from mailer.mailbox import Mailbox
from mailer.mailbox.imap import ImapMailbox
from mailer.mailbox.settings import ImapSettings
from mailer.reminders.policy import Policy, policy_from_values
from mailer.rendering.renderer import Renderer
from mailer.rendering.values import Seller
from mailer.replies.phrases import Phrases, phrases_from_values
from mailer.resources import config_dir
from mailer.settings import Account, Settings, SettingsError
from mailer.store.session import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The parts. `owner` names this process in leases."""

    settings: Settings
    store: Store
    policies: Policies
    phrases: Phrases
    desk: Desk
    clock: Clock
    owner: str

    def planner(self) -> Planner:
        """Return what planning needs."""
        return Planner(
            store=self.store,
            policies=self.policies,
            desk=self.desk,
            max_data_age_hours=self.settings.sending.max_data_age_hours,
            clock=self.clock,
        )

    def sender(self, channel: Channel) -> Sender:
        """Return what sending needs; the caller closes the channel."""
        return Sender(
            store=self.store,
            channel=channel,
            policies=self.policies,
            max_data_age_hours=self.settings.sending.max_data_age_hours,
            max_inbox_age_minutes=self.settings.sending.max_inbox_age_minutes,
            lease_seconds=self.settings.sending.lease_seconds,
            owner=self.owner,
            clock=self.clock,
        )

    def intake(self) -> Intake:
        """Return what taking mail in needs."""
        imap = self.settings.imap
        return Intake(
            store=self.store,
            open_mailbox=self.mailbox,
            name=f"{imap.username}@{imap.host}",
            folders=imap.folders,
            clock=self.clock,
        )

    def reader(self) -> Reader:
        """Return what understanding replies needs."""
        return Reader(
            store=self.store,
            policies=self.policies,
            phrases=self.phrases,
            key=self.desk.key,
            own_address=self.settings.seller.address,
            keep_unknown_days=self.settings.inbox.keep_unknown_days,
            copies_to=self.settings.smtp.archive_to,
            clock=self.clock,
        )

    def settler(self) -> Settler:
        """Return what settling messages in doubt needs."""
        archive = self.settings.imap.archive_folder
        places = [self._sent_place(), *([replace(self._sent_place(), folder=archive)] if archive else [])]
        return Settler(store=self.store, places=places, key=self.desk.key, clock=self.clock)

    def copier(self) -> Copier:
        """Return what copying to the Sent folder needs; without the setting it copies nothing."""
        place = self._sent_place() if self.settings.smtp.sent_copy else None
        return Copier(store=self.store, place=place, key=self.desk.key, clock=self.clock)

    def _sent_place(self) -> Place:
        imap = self.settings.imap
        return Place(mailbox=f"{imap.username}@{imap.host}", open_mailbox=self.mailbox, folder=imap.sent_folder)

    def channel(self) -> Channel:
        """Return a fresh channel to the submission server."""
        smtp = self.settings.smtp
        return SmtpChannel(SmtpSettings(**_account(smtp), security=smtp.security))

    def mailbox(self) -> Mailbox:
        """Return a fresh view of the mailbox, not yet connected."""
        imap = self.settings.imap
        return ImapMailbox(ImapSettings(**_account(imap), security=imap.security))

    async def close(self) -> None:
        """Let go of the database."""
        await self.store.close()


def open_app(settings: Settings, *, clock: Clock = utc_now) -> App:
    """Return the parts for these settings.

    Raises SettingsError for a missing key or a broken policy or phrase file (named), ChannelError and MailboxError only
    when they are used.
    """
    seller = settings.seller
    desk = Desk(
        renderer=Renderer(settings.data / "templates"),
        seller=Seller(
            name=seller.name,
            email=seller.address,
            payment_details=seller.payment_details,
            sender_name=seller.sender_name,
            phone=seller.phone,
            address_lines=seller.address_lines,
            legal_lines=seller.legal_lines,
        ),
        key=settings.key(),
        plus_addressing=settings.imap.plus_addressing,
    )
    return App(
        settings=settings,
        store=Store(settings.store_url()),
        policies=load_policies(settings),
        phrases=load_phrases(),
        desk=desk,
        clock=clock,
        owner=new_id("proc"),
    )


def load_policies(settings: Settings) -> Policies:
    """Return the shipped policies, each overridden by the file of the same name in <data>/policies.

    Raises SettingsError naming the file and everything that is wrong in it, or the default that does not exist.
    """
    found: dict[str, Policy] = {}
    for folder in (config_dir() / "policies", settings.data / "policies"):
        for path in sorted(folder.glob("*.toml")):
            found[path.stem] = load_policy(path)
    sending = settings.sending
    for name in (sending.default_policy, *sending.assignments.values()):
        if name not in found:
            message = f"the settings name the policy {name!r}, but there are only: {', '.join(sorted(found))}"
            raise SettingsError(message)
    return Policies(by_name=found, assignments=sending.assignments, default=sending.default_policy)


def load_policy(path: Path) -> Policy:
    """Return the policy of one file; its version is the hash of the file's bytes. Raises SettingsError."""
    raw = path.read_bytes()
    try:
        return policy_from_values(_toml(raw), name=path.stem, version=hashlib.sha256(raw).hexdigest()[:12])
    except ValueError as problem:
        message = f"{path}: {problem}"
        raise SettingsError(message) from problem


def load_phrases() -> Phrases:
    """Return the words that reading looks for, in every language there is."""
    values: dict[str, Any] = {}
    for path in sorted((config_dir() / "phrases").glob("*.toml")):
        values[path.stem] = _toml(path.read_bytes())
    return phrases_from_values(values)


def _toml(raw: bytes) -> Mapping[str, Any]:
    return tomllib.loads(raw.decode("utf-8"))


def _account(account: Account) -> dict[str, Any]:
    return {
        "host": account.host,
        "port": account.port,
        "username": account.username,
        "password": account.secret(),
        "timeout_seconds": account.timeout_seconds,
        "ca_file": account.ca_file or None,
    }
