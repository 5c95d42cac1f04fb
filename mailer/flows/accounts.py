"""From settings to what the channels and mailboxes log in with: a password, or tokens that are fetched when needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mailer.channels.channel import ChannelError
from mailer.channels.settings import SmtpSettings
from mailer.mailbox.mailbox import MailboxRefused, MailboxUnreachable
from mailer.mailbox.settings import ImapSettings
from mailer.providers import OAuthEndpoints, provider
from mailer.settings import Account, Imap, Settings, SettingsError, Smtp
from mailer.tokens import Grant, TokenError, TokenMisconfigured, TokenSettings, TokenSource, TokenUnavailable

#: The folder in <data> that refresh tokens are kept in.
TOKENS_NAME = "tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Login:
    """What goes into the settings of a server: a password, or the two hooks for tokens."""

    password: str = ""
    token: Callable[[], Awaitable[str]] | None = None
    token_refused: Callable[[], None] | None = None


def endpoints(settings: Settings) -> OAuthEndpoints:
    """Return where the provider of the tokens gives them."""
    return provider(settings.oauth.provider or settings.smtp.provider).oauth


def token_settings(settings: Settings, *, timeout_seconds: float = 30.0) -> TokenSettings:
    """Return what asks for tokens: the settings' own addresses and scope, else the provider's.

    Raises:
        SettingsError: something is missing; names the setting.
    """
    oauth, known = settings.oauth, endpoints(settings)
    as_application = oauth.grant == "client_credentials"
    log_in_again = "run `duly login`"
    if oauth.refresh_token_file:
        log_in_again = "put a new one into the file of oauth.refresh_token_file"
        log_in_again += "" if known.no_device_login else ", or run `duly login`"
    elif as_application:
        log_in_again = "let an administrator renew the application's rights to the mailbox"
    try:
        return TokenSettings(
            name=oauth.provider or settings.smtp.provider or "login",
            grant=Grant(oauth.grant),
            folder=settings.data / TOKENS_NAME,
            client_id=oauth.client_id,
            client_secret=oauth.secret,
            first_refresh_token=oauth.first_refresh_token,
            token_url=_address(settings, oauth.token_url or known.token_url),
            device_url=_address(settings, oauth.device_url or known.device_url),
            scope=oauth.scope or (known.app_scope if as_application else known.scope),
            command=oauth.token_command,
            timeout_seconds=timeout_seconds,
            log_in_again=log_in_again,
        )
    except TokenMisconfigured as problem:
        raise SettingsError(str(problem)) from problem


class SharedTokens:
    """The tokens that the accounts of one process share; where they come from is looked at when the first is needed."""

    def __init__(self, settings: Settings, *, timeout_seconds: float = 30.0) -> None:
        self._settings = settings
        self._timeout_seconds = timeout_seconds
        self._source: TokenSource | None = None

    def source(self) -> TokenSource:
        """Return the one source; raises SettingsError."""
        if self._source is None:
            self._source = TokenSource(token_settings(self._settings, timeout_seconds=self._timeout_seconds))
        return self._source

    async def close(self) -> None:
        """Wait until a new refresh token that is just coming in was kept."""
        if self._source is not None:
            await self._source.close()


def smtp_settings(smtp: Smtp, tokens: SharedTokens, *, timeout_seconds: float | None = None) -> SmtpSettings:
    """Return how to reach the submission server; may wait for a password command.

    Raises:
        SettingsError: no password to be had from where it is kept; no user name for a token, or no way to get one.
        ChannelError: a `security` that is not allowed for this host.
    """
    login = _login(smtp, tokens, _as_channel_error, "smtp")
    return SmtpSettings(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        username=smtp.username,
        password=login.password,
        token=login.token,
        token_refused=login.token_refused,
        timeout_seconds=timeout_seconds or smtp.timeout_seconds,
        ca_file=smtp.ca_file or None,
    )


def imap_settings(imap: Imap, tokens: SharedTokens, *, timeout_seconds: float | None = None) -> ImapSettings:
    """Return how to reach the mailbox; as `smtp_settings`, with MailboxRefused instead of ChannelError."""
    login = _login(imap, tokens, _as_mailbox_error, "imap")
    return ImapSettings(
        host=imap.host,
        port=imap.port,
        security=imap.security,
        username=imap.username,
        password=login.password,
        token=login.token,
        token_refused=login.token_refused,
        timeout_seconds=timeout_seconds or imap.timeout_seconds,
        ca_file=imap.ca_file or None,
    )


def _login(account: Account, tokens: SharedTokens, as_theirs: Callable[[Exception], Exception], part: str) -> _Login:
    """Return the login; what the token client raises becomes the error that the server's room knows."""
    if account.auth == "password":
        return _Login(password=account.secret())
    if not account.username:
        raise SettingsError(f'{part}.username is empty: with auth = "oauth" it names the mailbox')
    source = tokens.source()

    async def token() -> str:
        try:
            return await source.token()
        except (TokenError, SettingsError) as problem:
            raise as_theirs(problem) from problem

    return _Login(token=token, token_refused=source.refused)


def _as_channel_error(problem: Exception) -> Exception:
    return ChannelError(str(problem))


def _as_mailbox_error(problem: Exception) -> Exception:
    later = isinstance(problem, TokenUnavailable)
    return MailboxUnreachable(str(problem)) if later else MailboxRefused(str(problem))


def _address(settings: Settings, template: str) -> str:
    if "{tenant}" in template and not settings.oauth.tenant and settings.oauth.grant != "command":
        raise SettingsError("oauth.tenant is empty: give the id or the domain of your directory at the provider")
    return template.replace("{tenant}", settings.oauth.tenant)
