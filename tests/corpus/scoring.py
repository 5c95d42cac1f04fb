"""How readings of replies are scored against labels; every figure of `make score` is defined here."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

Row = Mapping[str, Any]

CRITICAL = frozenset({"legal", "insolvency", "stop_contact", "wrong_party", "refusal", "bank_details", "dispute"})
STOPS = frozenset({"legal", "insolvency", "wrong_party"})
NEUTRAL = frozenset({"acknowledgement", "unrelated"})
LOUD = frozenset({"continue", "postpone"})
QUIET = frozenset({"hold", "stop", "suppress"})
WITH_AMOUNT = frozenset({"promise", "already_paid", "plan_request", "offer", "dispute"})
RATES = (
    "critical recall", "promise date", "amount", "dispute reason", "return date", "customer", "invoices",
    "own words exact", "right when sure", "left to a person",
)  # fmt: skip
COUNTS = ("invented promise", "wrong promise date", "false loud", "false quiet", "too mild or too strong")
#: Days by which an approximate date may be off.
NEAR = 3


@dataclass(slots=True)
class Scores:
    """Counts so far: `n` by name, `tally` (tp, fn, fp) by intent, "*" for all and "@en" for a language."""

    n: Counter[str] = field(default_factory=Counter)
    tally: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    errors: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Mail:
    """One label with its reading, counting into the scores."""

    scores: Scores
    label: Row
    reading: Row
    problems: list[str] = field(default_factory=list)

    def count(self, name: str, good: object, said: object = None, want: object = None) -> None:
        for key in (name, f"{name}@{self.label['language']}"):
            self.scores.n[key + "/all"] += 1
            self.scores.n[key + "/ok"] += bool(good)
        if not good:
            self.problems.append(f"{name}: said {said!r}, wanted {want!r}")


def score(labels: Sequence[Row], readings: Sequence[Row]) -> Scores:
    """Return the counts; readings belong to labels by file name."""
    by_file = {str(one.get("file", "")).rsplit("/", 1)[-1]: one for one in readings}
    scores = Scores()
    for label in labels:
        reading = by_file.get(str(label["file"]).rsplit("/", 1)[-1])
        if reading is None:
            scores.n["missing"] += 1
            scores.errors.append((label["file"], "no reading"))
            continue
        mail = _Mail(scores, label, reading)
        _one(mail)
        if mail.problems:
            scores.errors.append((label["file"], "; ".join(mail.problems)))
    return scores


def _one(mail: _Mail) -> None:
    label, reading = mail.label, mail.reading
    mail.count("kind", reading.get("kind") == label["kind"], reading.get("kind"), label["kind"])
    if label["kind"] == "human":
        gold = {one["intent"]: one for one in reversed(label["intents"])}
        got = {one["intent"]: one for one in reversed(reading.get("intents") or [])}
        _intents(mail, gold, got)
        _promises(mail, gold, got)
        _slots(mail, gold, got)
        _own_words(mail)
    elif label.get("return_on"):
        said = reading.get("return_on")
        mail.count("return date", said == label["return_on"], said, label["return_on"])
    _match(mail)
    _effect(mail)


def _intents(mail: _Mail, gold: Mapping[str, Row], got: Mapping[str, Row]) -> None:
    scores = mail.scores
    for name in gold.keys() | got.keys():
        result = "tp" if name in gold and name in got else "fn" if name in gold else "fp"
        for key in (name, "*", f"@{mail.label['language']}"):
            scores.tally[key][result] += 1
    if gold.keys() != got.keys():
        mail.problems.append(f"intents: said {sorted(got)}, wanted {sorted(gold)}")
    for name in gold.keys() & CRITICAL:
        mail.count("critical recall", name in got, sorted(got), name)
    if mail.reading.get("review"):
        mail.count("left to a person", good=True)
    else:
        mail.count("right when sure", gold.keys() == got.keys(), sorted(got), sorted(gold))
        scores.n["left to a person/all"] += 1


def _promises(mail: _Mail, gold: Mapping[str, Row], got: Mapping[str, Row]) -> None:
    promise, said = gold.get("promise"), got.get("promise") or {}
    if promise and promise.get("date"):
        want, have = _day(promise["date"]), _day(said.get("date"))
        near = NEAR if promise.get("date_kind") == "approx" else 0
        is_right = want is not None and have is not None and abs((want - have).days) <= near
        mail.count("promise date", is_right, said.get("date"), promise["date"])
        mail.scores.n["wrong promise date"] += bool(want and have and not is_right)
    if "promise" in got and "promise" not in gold:
        mail.scores.n["invented promise"] += 1


def _slots(mail: _Mail, gold: Mapping[str, Row], got: Mapping[str, Row]) -> None:
    for name in gold.keys() & WITH_AMOUNT:
        want = gold[name].get("amount")
        if want and _is_spoken(want, mail.label):
            have = _number((got.get(name) or {}).get("amount"))
            mail.count("amount", have == _number(want), have, want)
    reason = gold.get("dispute", {}).get("reason")
    if reason:
        said = (got.get("dispute") or {}).get("reason")
        mail.count("dispute reason", said == reason, said, reason)


def _own_words(mail: _Mail) -> None:
    own, have = _squeezed(mail.label.get("own")), _squeezed(mail.reading.get("own"))
    mail.count("own words exact", own == have, have[-60:], own[-60:])
    lost = Counter(_words(own)) - Counter(_words(have))
    mail.scores.n["own words lost"] += sum(lost.values())
    mail.scores.n["own words"] += len(_words(own))


def _match(mail: _Mail) -> None:
    want, have = mail.label.get("match") or {}, mail.reading.get("match") or {}
    mail.count("customer", have.get("customer") == want.get("customer"), have.get("customer"), want.get("customer"))
    if want.get("customer"):
        wanted, found = set(want.get("invoices") or []), set(have.get("invoices") or [])
        mail.count("invoices", wanted == found, sorted(found), sorted(wanted))


def _effect(mail: _Mail) -> None:
    effect, fine, n = mail.reading.get("effect"), wanted_effects(mail.label), mail.scores.n
    if effect in fine:
        return
    if effect in LOUD or effect is None:
        n["false loud"] += 1
        mail.problems.append(f"FALSE LOUD: {effect}, wanted one of {sorted(fine)}")
    elif effect in QUIET and not fine & QUIET:
        n["false quiet"] += 1
        mail.problems.append(f"false quiet: {effect}, wanted one of {sorted(fine)}")
    else:
        n["too mild or too strong"] += 1


def wanted_effects(label: Row) -> set[str]:
    """Return the effects that a careful credit controller would accept."""
    if label["kind"] in {"auto_reply", "ticket_ack"}:
        return {"continue", "postpone"}
    intents = {one["intent"] for one in label["intents"]}
    if intents & STOPS:
        return {"stop", "suppress", "hold"} if label.get("sender_known") is False else {"stop", "suppress"}
    if "stop_contact" in intents:
        return {"stop", "suppress"}
    return {"continue", "postpone", "hold"} if intents <= NEUTRAL else {"hold", "stop", "suppress"}


def _is_spoken(amount: str, label: Row) -> bool:
    """Whether the mail itself says the amount: whole-invoice amounts are often only implied, and not scored."""
    said = " ".join([label.get("own") or "", *(one.get("quote") or "" for one in label["intents"])])
    text = re.sub("(?<=\\d)[.,'\u2019\\s\u202f](?=\\d)", "", said)
    whole, _, cents = amount.partition(".")
    return bool(re.search(rf"(?<!\d){whole}({cents})?(?!\d)", text))


def f1(counts: Mapping[str, int]) -> float:
    """Return the harmonic mean of precision and recall, 0.0 when there is nothing."""
    below = 2 * counts.get("tp", 0) + counts.get("fp", 0) + counts.get("fn", 0)
    return 2 * counts.get("tp", 0) / below if below else 0.0


def figures(labels: Sequence[Row], scores: Scores) -> dict[str, Any]:
    """Return the figures by name; a rate of nothing is None."""
    n, tally = scores.n, scores.tally
    names = [key for key in tally if not key.startswith(("*", "@"))]
    gold = [key for key in names if tally[key]["tp"] + tally[key]["fn"]]
    result: dict[str, Any] = {
        "mails": len(labels),
        "missing": n["missing"],
        "kind": _rate(n, "kind"),
        "intent micro-F1": f1(tally["*"]),
        "intent macro-F1": sum(f1(tally[key]) for key in gold) / len(gold) if gold else None,
        **{name: _rate(n, name) for name in RATES},
        "own words lost per 1000": 1000 * n["own words lost"] / max(1, n["own words"]),
        **{name: n[name] for name in COUNTS},
    }
    by_language = {key[1:]: round(f1(counts), 3) for key, counts in sorted(tally.items()) if key.startswith("@")}
    result["by language (intent micro-F1)"] = by_language
    result["by intent"] = {key: {"F1": round(f1(tally[key]), 3), **tally[key]} for key in sorted(names)}
    return result


def _rate(n: Mapping[str, int], name: str) -> float | None:
    return n[name + "/ok"] / n[name + "/all"] if n[name + "/all"] else None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _squeezed(text: str | None) -> str:
    return re.sub(r"\s+", " ", (text or "").replace("\u00a0", " ").replace("\u202f", " ")).strip()


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value)) if value not in {None, ""} else None
    except InvalidOperation:
        return None


def _day(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        return None
