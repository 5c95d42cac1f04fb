"""How two readings of the same mail differ: in what it says, in its days, and in what it does to the reminders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: The loudest first.
EFFECTS = ("continue", "postpone", "hold", "stop", "suppress")
#: What of a finding is compared besides its intent.
_SLOTS = ("on", "amount", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that changed: `what` (kind, intents, dates, amounts, reasons, effect), as it was and as it is now."""

    what: str
    was: tuple[str, ...]
    now: tuple[str, ...]


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return what differs between two readings as they are kept (JSON values); {} is no reading.

    A reading kept before effects were kept says nothing about its effect, which then differs in nothing.
    """
    before, after = _heard(was), _heard(now)
    if was and was.get("effect") is None:
        before["effect"] = after["effect"]
    return tuple(
        Difference(what=what, was=before[what], now=after[what]) for what in before if before[what] != after[what]
    )


def is_louder(found: tuple[Difference, ...]) -> bool:
    """Whether the reading of today would hold back less than the one that was acted upon."""
    effect = next((one for one in found if one.what == "effect"), None)
    if effect is None or not (effect.was and effect.now):
        return False
    return EFFECTS.index(effect.now[0]) < EFFECTS.index(effect.was[0])


def _heard(reading: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    findings = reading.get("findings", ())
    days, amounts, reasons = ({_plain(one.get(slot)) for one in findings} - {""} for slot in _SLOTS)
    back = _plain(reading.get("return_on"))
    return {
        "kind": _one(reading.get("kind")),
        "intents": tuple(sorted({str(one["intent"]) for one in findings})),
        "dates": tuple(sorted(days | ({back} if back else set()))),
        "amounts": tuple(sorted(amounts)),
        "reasons": tuple(sorted(reasons)),
        "effect": _one(reading.get("effect")),
    }


def _one(value: object) -> tuple[str, ...]:
    return (str(value),) if value else ()


def _plain(value: Any) -> str:
    """Return a slot as text: a claimed amount by its number, else by its words."""
    if isinstance(value, Mapping):
        number = " ".join(str(value[name]) for name in ("currency", "amount") if value.get(name))
        return number or str(value.get("text") or "")
    return str(value) if value else ""
