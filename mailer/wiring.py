"""Settings become the parts: built once per process, handed to the flows piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from mailer.channels.channel import Channel
from mailer.channels.smtp import SmtpChannel
from mailer.clock import Clock, new_id, utc_now
from mailer.flows.accounts import SharedTokens, imap_settings, smtp_settings
from mailer.flows.authenticate_mail import Authenticator
from mailer.flows.begun import Begun
from mailer.flows.claim_messages import Sender
from mailer.flows.copy_to_sent import Copier
from mailer.flows.cosign_log import Cosigner, cosigner_of
from mailer.flows.intake import Intake
from mailer.flows.keep_log import LogKeeper
from mailer.flows.mail_anchor import AnchorMailer
from mailer.flows.plan_reminders import Planner
from mailer.flows.policies import Policies
from mailer.flows.policy_files import load_policies
from mailer.flows.second_reader import SecondReader, second_reader
from mailer.flows.settle_unknown import Place, Settler
from mailer.flows.stamp_log import Stamper, stamper_of
from mailer.flows.trusted_file import trusted_in
from mailer.flows.write_message import Desk
from mailer.mailbox import Mailbox
from mailer.mailbox.imap import ImapMailbox
from mailer.nameserver import NameServer
from mailer.providers import SendingLimits
from mailer.record.stamp import Trusted
from mailer.reminders.breaker import BreakerLimits
from mailer.reminders.pace import PaceLimits
from mailer.rendering.renderer import Renderer
from mailer.rendering.values import Seller
from mailer.sandbox.sandbox import Sandbox
from mailer.settings import Imap, Settings
from mailer.store.folders import INBOX
from mailer.store.session import Store

if TYPE_CHECKING:
    from mailer.flows.match_mail import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The parts. `owner` names this process in leases; `tokens` serve the accounts that log in without a password."""

    settings: Settings
    store: Store
    policies: Policies
    desk: Desk
    clock: Clock
    owner: str
    tokens: SharedTokens
    sandbox: Sandbox
    begun: Begun
    second: SecondReader | None = None

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
            breaker=self.breaker(),
            pace=self.pace(),
            data=self.settings.data,
            begun=self.begun,
            archive_to=self.settings.smtp.archive_to,
        )

    def breaker(self) -> BreakerLimits:
        """Return how much goes out before a person must look."""
        sending = self.settings.sending
        return BreakerLimits(
            messages=sending.breaker_messages, percent=sending.breaker_percent, floor=sending.breaker_floor
        )

    def pace(self) -> PaceLimits:
        """Return how fast mail may leave."""
        limits = self.limits()
        return PaceLimits(
            per_minute=limits.per_minute,
            per_day=limits.per_day,
            spacing=timedelta(seconds=limits.domain_spacing_seconds),
            lanes=limits.domain_lanes,
        )

    def intake(self) -> Intake:
        """Return what taking mail in from the mailbox of the replies needs."""
        return self.intakes()[0]

    def intakes(self) -> tuple[Intake, ...]:
        """Return what taking mail in needs, for each mailbox, that of the replies first."""
        imap = self.settings.imap
        return (
            self._intake(imap, self.mailbox, INBOX),
            *(self._intake(one, partial(self._mailbox, one), one.role) for one in self.settings.mailboxes),
        )

    def _intake(self, imap: Imap, open_mailbox: Callable[[], Mailbox], role: str) -> Intake:
        return Intake(
            store=self.store,
            open_mailbox=open_mailbox,
            name=f"{imap.username}@{imap.host}",
            folders=imap.folders,
            key=self.desk.key,
            clock=self.clock,
            role=role,
            read_junk=imap.read_junk,
            read_sent=imap.read_sent,
            sent_folder=imap.sent_folder,
            idle=imap.idle,
        )

    def reader(self) -> Reader:
        """Return what understanding replies needs."""
        from mailer.flows.match_mail import Reader  # noqa: PLC0415 - a quarter of a second that few commands need
        from mailer.flows.phrase_files import load_phrases  # noqa: PLC0415 - the same

        return Reader(
            store=self.store,
            policies=self.policies,
            phrases=load_phrases(),
            key=self.desk.key,
            own_address=self.settings.seller.address,
            keep_unknown_days=self.settings.inbox.keep_unknown_days,
            copies_to=self.settings.smtp.archive_to,
            clock=self.clock,
            parse=self.sandbox.parse,
            second=self.second,
        )

    def authenticator(self) -> Authenticator | None:
        """Return what looking at the signatures of mails needs, None when there is nothing to be looked at."""
        asked = self.settings.authentication
        if not asked.dkim and not asked.trusted_servers:
            return None
        servers = NameServer(servers=asked.name_servers, timeout_seconds=asked.timeout_seconds)
        return Authenticator(
            store=self.store,
            sandbox=self.sandbox,
            clock=self.clock,
            lookup=servers.txt if asked.dkim else None,
            trusted=frozenset(name.lower() for name in asked.trusted_servers),
            own_received=asked.own_received,
        )

    def settler(self) -> Settler:
        """Return what settling messages in doubt needs."""
        archive = self.settings.imap.archive_folder
        places = [self._sent_place(), *([replace(self._sent_place(), folder=archive)] if archive else [])]
        places += [
            Place(
                mailbox=f"{one.username}@{one.host}",
                open_mailbox=partial(self._mailbox, one),
                folder=one.archive_folder or one.folders[0],
            )
            for one in self.settings.mailboxes
            if one.role == "archive"
        ]
        return Settler(store=self.store, places=places, key=self.desk.key, clock=self.clock)

    def log_keeper(self) -> LogKeeper:
        """Return what keeping the log over the record needs."""
        settings = self.settings
        return LogKeeper(store=self.store, data=settings.data, address=settings.seller.address, clock=self.clock)

    def stamper(self) -> Stamper | None:
        """Return what having the log's heads stamped needs, None when that is off."""
        return stamper_of(self.settings.anchors, self.log_keeper(), self.trusted)

    def cosigner(self) -> Cosigner:
        """Return what having the log's heads cosigned needs; without witnesses nobody is asked."""
        return cosigner_of(self.settings.anchors, self.log_keeper())

    def anchor_mailer(self) -> AnchorMailer:
        """Return what mailing the log's heads needs; without an address nobody is written to."""
        to = self.settings.anchors.mail_to
        return AnchorMailer(keeper=self.log_keeper(), desk=self.desk, to=to, breaker=self.breaker())

    def trusted(self) -> Trusted:
        """Return whose signature of a time stamp counts; raises SettingsError when the file cannot be used."""
        return trusted_in(self.settings.anchors.ca_file)

    def copier(self) -> Copier:
        """Return what copying to the Sent folder needs; without the setting it copies nothing."""
        place = self._sent_place() if self.settings.smtp.sent_copy else None
        return Copier(store=self.store, place=place, key=self.desk.key, clock=self.clock)

    def _sent_place(self) -> Place:
        imap = self.settings.imap
        return Place(mailbox=f"{imap.username}@{imap.host}", open_mailbox=self.mailbox, folder=imap.sent_folder)

    def channel(self) -> Channel:
        """Return a fresh channel to the submission server; raises SettingsError, ChannelError."""
        reached = smtp_settings(self.settings.smtp, self.tokens)
        return SmtpChannel(replace(reached, connections=max(1, self.limits().connections)))

    def limits(self) -> SendingLimits:
        """Return how fast the account may send."""
        return self.settings.sending_limits()

    def mailbox(self) -> Mailbox:
        """Return a fresh view of the mailbox, not yet connected; raises SettingsError, MailboxRefused."""
        return self._mailbox(self.settings.imap)

    def _mailbox(self, imap: Imap) -> Mailbox:
        return ImapMailbox(imap_settings(imap, self.tokens))

    async def close(self) -> None:
        """End the sandbox and let go of the database, after a new refresh token that is just coming in was kept."""
        self.begun.close()
        await self.tokens.close()
        await self.sandbox.close()
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
    owner = new_id("proc")
    return App(
        settings=settings,
        store=Store(settings.store_url()),
        policies=load_policies(settings),
        desk=desk,
        clock=clock,
        owner=owner,
        tokens=SharedTokens(settings),
        sandbox=Sandbox(),
        begun=Begun(settings.data, owner),
        second=second_reader(settings),
    )
