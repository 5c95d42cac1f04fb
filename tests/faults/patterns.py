"""Every regular expression that reading mail may run, and strings made from its own words to make it slow."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any

import mailer.replies
from tests.core.replies.mails import PHRASES

#: Repeated as they stand, whatever the pattern says.
_ALWAYS = (
    " ",
    "a",
    "1",
    "\n",
    "-",
    "<",
    ">",
    '"',
    "(",
    "a ",
    "1 ",
    "1.",
    "a\n",
    " \n",
    ">\n",
    "<a ",
    "a@",
    "\\",
    "=?",
    "Aa1-",
)
#: Ten, and what the measuring of milliseconds adds.
MAX_RATIO = 14.0
SURE_SECONDS = 0.05
_LITERAL = re.compile(r"[^\W_]{1,12}|[^\w\s\\]|\s")


def patterns() -> dict[str, re.Pattern[Any]]:
    """Every compiled pattern in the modules of `mailer.replies` and in the shipped phrases, by where it lies."""
    found: dict[str, re.Pattern[Any]] = {}
    for listed in pkgutil.walk_packages(mailer.replies.__path__, "mailer.replies."):
        module = importlib.import_module(listed.name)
        for name, value in vars(module).items():
            found.update(_inside(value, f"{module.__name__}.{name}"))
        found.update(_in_functions(module))
    found.update(_inside(PHRASES, "phrases"))
    return found


def _in_functions(module: ModuleType) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Patterns written where they are used, as in `re.sub("…", …)`."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            is_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            first = node.args[0]
            if is_re and isinstance(first, ast.Constant) and isinstance(first.value, str | bytes):
                yield f"{module.__name__}:{node.lineno}", re.compile(first.value)


def _inside(value: object, where: str) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield where, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _inside(one, f"{where}[{key}]")
    elif isinstance(value, tuple | list | frozenset | set):
        for number, one in enumerate(value):
            yield from _inside(one, f"{where}[{number}]")
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _inside(getattr(value, field.name), f"{where}.{field.name}")


def units(pattern: re.Pattern[Any]) -> list[str]:
    """Short strings to repeat: what the pattern itself speaks of, alone, in pairs, and spaced."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    plain = re.sub(r"\(\?[a-zA-Z]*:?|\\[bdswBDSWAZ]|\{\d*,?\d*\}|[\[\](){}|*+?^$\\]", " ", source)
    words = list(dict.fromkeys(word for word in _LITERAL.findall(plain) if word.strip()))[:24]
    return list(
        dict.fromkeys([*_ALWAYS, *words, *(f"{word} " for word in words), *(f"{word} 1" for word in words[:8])])
    )


def adversaries(pattern: re.Pattern[Any], size: int) -> Iterator[Any]:
    """Strings (or bytes) of about that size."""
    for unit in units(pattern):
        for end in ("", "!"):
            text = (unit * (size // len(unit) + 1))[:size] + end
            yield text if isinstance(pattern.pattern, str) else text.encode("utf-8")


def seconds(pattern: re.Pattern[Any], text: Any, *, tries: int = 1) -> float:
    """The processor time to find everything in a text, the best of some tries."""
    best = float("inf")
    for _ in range(tries):
        started = time.process_time()
        for _found in pattern.finditer(text):
            pass
        best = min(best, time.process_time() - started)
    return best


def too_steep(pattern: re.Pattern[Any], size: int) -> list[str]:
    """What eight times the size costs more than ten times as much, and enough to be sure of it."""
    found = []
    for small, large in zip(adversaries(pattern, size), adversaries(pattern, 8 * size), strict=True):
        much = seconds(pattern, large)
        if much < SURE_SECONDS:
            continue
        ratio = min(seconds(pattern, large, tries=3), much) / max(seconds(pattern, small, tries=3), 1e-6)
        if ratio > MAX_RATIO:
            found.append(f"{large[:30]!r}: {much:.3f} s, {ratio:.0f} times for 8 times the size")
    return found


def main(arguments: list[str]) -> int:
    """One line for every pattern and string that is too steep; 1 when there are any. SIZE [PART OF]: a share."""
    size, part, of = (int(one) for one in [*arguments, "0", "1"][:3]) if len(arguments) == 1 else map(int, arguments)
    bad = 0
    for where, pattern in sorted(patterns().items())[part::of]:
        for line in too_steep(pattern, size):
            print(where, line, flush=True)
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
