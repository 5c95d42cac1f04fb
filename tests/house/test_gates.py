"""The gates themselves are complete: contracts, lock and ignores."""

from __future__ import annotations

import re
import tomllib

from tests.house.tree import ROOT, pyproject

PURE_CORE = {"domain", "reminders", "replies", "agreements", "claims", "record", "dossier"}


def normalised(requirement: str) -> tuple[str, frozenset[str]]:
    """Name and version bounds of a requirement, so that `a>=1,<2` equals `a <2,>=1`."""
    bare = re.sub(r"\[.*?\]|\s|;.*", "", requirement)
    name, bounds = re.fullmatch(r"([\w.-]+)(.*)", bare, re.DOTALL).groups()  # type: ignore[union-attr]
    return name.lower(), frozenset(bound for bound in bounds.split(",") if bound)


def test_every_room_of_the_core_is_held_to_doing_no_io() -> None:
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    held = next(one["source_modules"] for one in contracts if one["name"] == "Decisions do no I/O")
    existing = {f"mailer.{room}" for room in PURE_CORE if (ROOT / "mailer" / room / "__init__.py").exists()}
    assert existing - set(held) == set()


def test_the_lock_is_made_from_these_dependencies() -> None:
    project = pyproject()["project"]
    wanted = list(project["dependencies"])
    wanted += [one for extra in project["optional-dependencies"].values() for one in extra]
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    own = next(package for package in lock["package"] if package["name"] == project["name"])
    locked = {normalised(one["name"] + one.get("specifier", "")) for one in own["metadata"]["requires-dist"]}
    assert locked == {normalised(one) for one in wanted}, "run make lock"


def test_every_ignored_lint_rule_gives_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lint = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.flake8-tidy-imports]")]
    rules = [line for line in lint.splitlines() if re.search(r'"[A-Z]+\d*"', line) and "select" not in line]
    assert [line for line in rules if not re.search(r"# \S+", line)] == []
