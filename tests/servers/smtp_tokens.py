"""A receiving server whose logins are access tokens, and which refuses them in either of the two ways there are."""

from __future__ import annotations

import json
from base64 import b64decode

from aiosmtpd.smtp import SMTP, AuthResult

from tests.servers.smtp import RecordingSmtp

#: What Google says, as a challenge that wants an empty answer before the 535 comes.
GOOGLE = json.dumps({"status": "401", "schemes": "bearer", "scope": "https://mail.google.com/"})
#: What Exchange Online says, at once.
EXCHANGE = "535 5.7.3 Authentication unsuccessful"


class TokenSmtp(RecordingSmtp):
    """AUTH XOAUTH2 after STARTTLS, with one of the `good` tokens. `tried` and `answered` keep what came, in order."""

    def __init__(self, *, user: str, good: set[str], refusal: str = GOOGLE) -> None:
        super().__init__(login=("nobody", "nothing"), tls="starttls")
        self.user = user
        self.good = good
        self.refusal = refusal
        self.tried: list[str] = []
        self.answered: list[object] = []

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 -- aiosmtpd's name for it
        user, bearer, *rest = b64decode(args[1], validate=True).decode().split("\x01")
        assert rest == ["", ""], "the format is user=…^Aauth=Bearer …^A^A"
        token = bearer.removeprefix("auth=Bearer ")
        self.tried.append(token)
        if user == f"user={self.user}" and token in self.good:
            return AuthResult(success=True, handled=False)
        if self.refusal == GOOGLE:
            self.answered.append(await server.challenge_auth(GOOGLE))
            return AuthResult(success=False, handled=False)
        return AuthResult(success=False, handled=False, message=self.refusal)
