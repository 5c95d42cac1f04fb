"""Finds the folders that travel with the code: `templates/` and `config/`, in a wheel or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


class ResourcesMissing(RuntimeError):
    """A folder that ships with Duly is nowhere to be found: the installation is broken."""


def templates_dir() -> Path:
    """Return the folder of the shipped templates. Raises ResourcesMissing."""
    return _shipped("templates")


def config_dir() -> Path:
    """Return the folder of the shipped defaults, policies and phrases. Raises ResourcesMissing."""
    return _shipped("config")


def _shipped(name: str, package: Path = _PACKAGE) -> Path:
    """Return `_shipped/<name>` inside the package (a wheel), else `<name>` beside it (a checkout)."""
    places = (package / "_shipped" / name, package.parent / name)
    for place in places:
        if place.is_dir():
            return place
    looked = " and ".join(str(place) for place in places)
    raise ResourcesMissing(f"the folder {name!r} that ships with Duly is missing (looked in {looked}): install it anew")
