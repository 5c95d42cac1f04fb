"""Why there is no token: three kinds, one sentence each, never with a secret in it."""

from __future__ import annotations

from mailer.domain.unavailable import Unavailable


class TokenError(Unavailable):
    """There is no access token; the sentence says what, where and what to do."""


class TokenUnavailable(TokenError):
    """The token server is down, silent or busy: try again later."""


class TokenRefused(TokenError):
    """The login has ended or was never made: a person must log in again."""


class TokenMisconfigured(TokenError):
    """The set-up is wrong: addresses, the application's id, secret or rights, files."""
