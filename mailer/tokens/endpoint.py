"""One OAuth 2.0 endpoint: a form goes in, a JSON object comes out (RFC 6749 §3.2, §5). The only importer of httpx."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, urlsplit

from mailer.secret import is_loopback
from mailer.tokens.errors import TokenError, TokenMisconfigured, TokenRefused, TokenUnavailable

#: No answer of a token server is longer than a few kB.
MAX_ANSWER_OCTETS = 256 * 1024
#: A server's own words are quoted up to here, in characters.
_MOST_WORDS = 160
_SHORTEST_SECRET = 4
#: Fields of a form that are never repeated to anybody.
_SECRET_FIELDS = ("client_secret", "refresh_token", "device_code")
#: A person must log in or agree (RFC 6749 §5.2, RFC 8628 §3.5; the last five are Microsoft's and OpenID Connect's).
_NEEDS_PERSON = frozenset(
    "invalid_grant access_denied expired_token interaction_required login_required consent_required "
    "authorization_declined bad_verification_code".split()
)
_LATER = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_FIXES = {
    "invalid_client": "correct oauth.client_id and the client secret (it may have run out)",
    "unauthorized_client": "allow this kind of login for the application at the provider",
    "unsupported_grant_type": "choose another oauth.grant",
    "invalid_scope": "correct oauth.scope",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server said: `values` of a success, or `error` with its `words`, which hold no secret of ours."""

    values: Mapping[str, object]
    error: str = ""
    words: str = ""


async def ask(url: str, form: Mapping[str, str], *, timeout_seconds: float) -> Reply:
    """Send a form and return what the server said, within the deadline; redirects are not followed.

    Raises:
        TokenUnavailable: no answer, or a server that is busy or broken (5xx, 429).
        TokenMisconfigured: an untrusted certificate, or an answer that is not OAuth's.
    """
    import httpx  # noqa: PLC0415 -- slow to load, and most commands never need it

    peer = urlsplit(url).netloc.rpartition("@")[2]
    try:
        async with asyncio.timeout(timeout_seconds):
            status, body = await _post(url, {name: value for name, value in form.items() if value}, timeout_seconds)
    except (TimeoutError, httpx.TimeoutException):
        raise TokenUnavailable(f"{peer} gave no token within {timeout_seconds:g} s: try again later") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as fault:
        # Not chained: the request hangs on it, with the form.
        raise _unreachable(fault, peer) from None
    values = _object(body)
    said = (values.get(name) for name in ("error", "error_description"))
    error, words = (blotted(text, form) if isinstance(text, str) else "" for text in said)
    if status in {408, 429} or status >= 500:  # noqa: PLR2004 -- RFC 9110 §15.6: the server's fault
        what = ", ".join(part for part in (f"HTTP {status}", error, words) if part)
        raise TokenUnavailable(f"{peer} gives no token now ({what}): try again later")
    if (status == 200 and not error and values) or (status >= 400 and error):  # noqa: PLR2004 -- RFC 6749 §5.1, §5.2
        return Reply(values=values, error=error, words=words)
    raise TokenMisconfigured(f"{peer} does not answer as a token server does (HTTP {status}): check its address")


def refusal(reply: Reply, peer: str, *, log_in_again: str) -> TokenError:
    """Return the error for a refusal, of the kind that says who can help; `log_in_again` is a person's way out."""
    said = f"{reply.error}: {reply.words}" if reply.words else reply.error
    if reply.error in _NEEDS_PERSON:
        return TokenRefused(f"{peer} does not take this login any more ({said}): {log_in_again}")
    if reply.error in _LATER:
        return TokenUnavailable(f"{peer} gives no token now ({said}): try again later")
    fix = _FIXES.get(reply.error, "correct the settings in [oauth]")
    return TokenMisconfigured(f"{peer} refuses the application ({said}): {fix}")


async def _post(url: str, form: Mapping[str, str], timeout_seconds: float) -> tuple[int, bytes]:
    import httpx  # noqa: PLC0415 -- as above

    loopback = is_loopback(url)
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    client = httpx.AsyncClient(
        verify=_tls_context(url),
        # A proxy of the environment never sees loopback.
        trust_env=not loopback,
        timeout=timeout_seconds,
        headers=headers,
    )
    async with client, client.stream("POST", url, data=dict(form)) as response:
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > MAX_ANSWER_OCTETS:
                raise httpx.RemoteProtocolError(f"an answer of more than {MAX_ANSWER_OCTETS} octets")
        return response.status_code, bytes(body)


def _tls_context(url: str) -> ssl.SSLContext:
    """Return the system's certificates, as for the mail servers; without TLS none are loaded, and none are trusted."""
    https = urlsplit(url).scheme == "https"
    return ssl.create_default_context() if https else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _unreachable(fault: Exception, peer: str) -> TokenError:
    import httpx  # noqa: PLC0415 -- as above

    if isinstance(fault, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return TokenMisconfigured(f"the address of {peer} cannot be used: correct oauth.token_url or oauth.device_url")
    root: BaseException | None = fault
    while root is not None:
        if isinstance(root, ssl.SSLCertVerificationError):
            sentence = f"the certificate of {peer} is not trusted ({root.verify_message}): check its address"
            return TokenMisconfigured(sentence)
        root = root.__cause__ or root.__context__
    return TokenUnavailable(f"{peer} cannot be reached ({str(fault) or type(fault).__name__}): try again later")


def _object(body: bytes) -> Mapping[str, object]:
    """Return the JSON object, empty when it is something else."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def blotted(words: str, form: Mapping[str, str]) -> str:
    """Return a server's words as one short line, without the secrets of the form: servers do repeat what they got."""
    secrets = {form[name] for name in _SECRET_FIELDS if len(form.get(name, "")) >= _SHORTEST_SECRET}
    spelled = {spelling for secret in secrets for spelling in (secret, quote(secret, safe=""), quote_plus(secret))}
    if spelled:  # the longest first: one may be a part of another
        anyone = "|".join(re.escape(one) for one in sorted(spelled, key=len, reverse=True))
        words = re.sub(anyone, "***", words, flags=re.IGNORECASE)
    line = "".join(letter if letter.isprintable() else " " for letter in words).strip()
    return line if len(line) <= _MOST_WORDS else line[: _MOST_WORDS - 1] + "…"
