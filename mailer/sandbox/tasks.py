"""What the child can do, by name: bytes of a stranger in, plain data and raw bytes out. One more kind is one line."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from mailer.record.auth_results import trusted_results
from mailer.record.dkim_claims import claims
from mailer.replies.parse import parse
from mailer.sandbox.mail_values import mail_to_plain
from mailer.sandbox.pdf_text import pdf_text
from mailer.sandbox.signature_values import question_of

Task = Callable[[bytes], tuple[dict[str, Any], bytes]]


def _parse(raw: bytes) -> tuple[dict[str, Any], bytes]:
    return mail_to_plain(parse(raw))


def _claims(asked: bytes) -> tuple[dict[str, Any], bytes]:
    head, raw = question_of(asked)
    found = claims(raw)
    results = trusted_results(raw, head["trusted"], own_received=head["own_received"])
    signatures = [[one.domain, one.selector, one.problem] for one in found.signatures]
    told = {"from_domain": found.from_domain, "many": found.many, "signatures": signatures}
    return {**told, "results": [one.words for one in results]}, b""


def _judge(asked: bytes) -> tuple[dict[str, Any], bytes]:
    from mailer.record.dkim_check import judged  # noqa: PLC0415 - a fifth of a second that reading mail never needs

    head, raw = question_of(asked)
    found = [
        judged(raw, number, name, base64.b64decode(record), at=head["at"]) for number, name, record in head["keys"]
    ]
    return {"judged": [[one.verdict.value, one.reason, list(one.weak)] for one in found]}, b""


TASKS: dict[str, Task] = {"parse": _parse, "pdf_text": pdf_text, "claims": _claims, "judge": _judge}
