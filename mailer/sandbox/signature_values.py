"""Questions about a mail's signatures as bytes, and the answers as plain data; every type is checked on the way back.

A question is a line of JSON, a line feed, and the mail: a task takes nothing but bytes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mailer.record.dkim_claims import MOST_SIGNATURES, Claim, Claims, alignment, key_name
from mailer.record.dkim_values import Judged, Verdict

#: The longest text that an answer may have, in characters.
_LONGEST = 2_000
_MOST_LINES = 400


class SignaturesBroken(ValueError):
    """Plain data that is no answer to a question about signatures."""


def claims_question(raw: bytes, trusted: Collection[str], own_received: int) -> bytes:
    """Return the bytes that ask who signed a mail, and what trusted servers said of it."""
    return _question({"trusted": sorted(trusted), "own_received": own_received}, raw)


def judge_question(raw: bytes, at: int, keys: Sequence[tuple[int, str, bytes]]) -> bytes:
    """Return the bytes that ask what signatures are worth, each given as (number, name of its key, record)."""
    told = [[number, name, base64.b64encode(record).decode()] for number, name, record in keys]
    return _question({"at": at, "keys": told}, raw)


def question_of(asked: bytes) -> tuple[dict[str, Any], bytes]:
    """Return what is asked, and the mail."""
    line, _, raw = asked.partition(b"\n")
    head: dict[str, Any] = json.loads(line)
    return head, raw


def claims_from_plain(plain: Mapping[str, Any]) -> tuple[Claims, tuple[str, ...]]:
    """Return the claims, and results of trusted servers one a line. Raises SignaturesBroken for anything else."""
    try:
        from_domain = _text(plain["from_domain"])
        signatures = tuple(
            _claim(number, from_domain, *map(_text, one)) for number, one in enumerate(plain["signatures"], start=1)
        )
        many = _number(plain["many"])
        results = tuple(map(_text, plain["results"]))[:_MOST_LINES]
    except (KeyError, TypeError, ValueError) as problem:
        raise SignaturesBroken(f"plain data is no claim: {type(problem).__name__}") from problem
    if not len(signatures) <= min(many, MOST_SIGNATURES):
        raise SignaturesBroken("not as many signatures as it says")
    return Claims(from_domain=from_domain, signatures=signatures, many=many), results


def judged_from_plain(plain: Mapping[str, Any], many: int) -> tuple[Judged, ...]:
    """Return so many verdicts. Raises SignaturesBroken for anything else."""
    try:
        found = tuple(
            Judged(verdict=Verdict(verdict), reason=_text(reason), weak=tuple(map(_text, weak)))
            for verdict, reason, weak in plain["judged"]
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise SignaturesBroken(f"plain data is no verdict: {type(problem).__name__}") from problem
    if len(found) != many:
        raise SignaturesBroken("not as many verdicts as were asked for")
    return found


def _claim(number: int, from_domain: str, domain: str, selector: str, problem: str) -> Claim:
    """Return a claim; where its key is follows from it, whatever the child says."""
    name = key_name(selector, domain) if domain else ""
    if bool(name) == bool(problem):
        raise ValueError("not a claim")
    beside = alignment(domain, from_domain)
    return Claim(number=number, domain=domain, selector=selector, name=name, problem=problem, alignment=beside)


def _question(head: Mapping[str, Any], raw: bytes) -> bytes:
    return json.dumps(head).encode("ascii") + b"\n" + raw


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not a number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isascii() or not (value.isprintable() or not value):
        raise TypeError("not a plain text")
    return value[:_LONGEST]
