"""Bearer tokens as they may stand in a login (RFC 6750 §2.1)."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.tokens.errors import TokenMisconfigured


def access_token(values: Mapping[str, object], peer: str) -> str:
    """Return the bearer token of a success (RFC 6749 §5.1, RFC 6750).

    Raises:
        TokenMisconfigured: there is none, it is of another kind, or it could not stand in a login.
    """
    text, kind = values.get("access_token"), str(values.get("token_type", "Bearer"))
    if not isinstance(text, str) or not text or kind.lower() != "bearer":
        raise TokenMisconfigured(f"{peer} gave no bearer token: check oauth.token_url and oauth.scope")
    return sound_token(text, peer)


def sound_token(text: str, peer: str) -> str:
    """Return the token; a control character or blank in it could say something else to the mail server."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise TokenMisconfigured(f"{peer} gave a token with characters that no token has: check where it comes from")
    return text
