"""Everything that is installed with Duly may be given on under GPL-3.0-or-later."""

from __future__ import annotations

import re
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import pyproject

# SPDX names; the free-text ones are what packages without an SPDX expression write.
COMPATIBLE = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Unlicense",
    "Zlib",
    "ISC License",
    "The MIT License (MIT)",
    "MIT License",
    "BSD License",
    "Apache Software License",
    "ISC License (ISCL)",
    "The Unlicense (Unlicense)",
    "Python Software Foundation License",
    "Mozilla Public License 2.0 (MPL 2.0)",
}


#: Those whose metadata names no licence, by the text that they bring along.
READ = {"dkimpy": {"Zlib"}}


def shipped_requirements() -> list[Requirement]:
    """What users install: the dependencies and every extra but the developers' own."""
    project = pyproject()["project"]
    texts = list(project["dependencies"])
    for extra, requirements in project["optional-dependencies"].items():
        texts += requirements if extra not in {"dev", "train"} else []
    return [Requirement(text) for text in texts]


def closure(requirements: list[Requirement]) -> set[str]:
    """Names of these packages and of all they need here, extras followed."""
    names: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(one, "") for one in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        names.add(name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(text), wanted) for text in metadata.requires(name) or ()]
    return names


def licences(name: str) -> set[str]:
    """The licences a package offers: its SPDX expression, else its classifiers, else its short free text."""
    if name in READ:
        return READ[name]
    found = metadata.metadata(name)
    for expression in found.get_all("License-Expression") or ():
        return set(re.split(r"\s+(?:AND|OR)\s+|[()]", expression)) - {""}
    classifiers = found.get_all("Classifier") or ()
    named = {one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License")}
    return named - {"OSI Approved"} or {text.strip() for text in found.get_all("License") or ("unknown",)}


def test_every_shipped_dependency_has_a_compatible_licence() -> None:
    names = closure(shipped_requirements())
    assert {"aioimaplib", "aiosmtplib", "asyncpg", "greenlet", "pymap"} <= names
    refused = {name: licences(name) - COMPATIBLE for name in sorted(names)}
    assert {name: which for name, which in refused.items() if which} == {}


def test_duly_says_its_own_licence() -> None:
    assert pyproject()["project"]["license"] == "GPL-3.0-or-later"
