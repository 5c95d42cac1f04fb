"""The files that say whose time stamps and whose cosignatures count."""

from __future__ import annotations

from pathlib import Path

from mailer.record.note import BadKey, Verifier
from mailer.record.package_witnesses import witnesses_in
from mailer.record.stamp import Trusted, authorities
from mailer.settings import SettingsError


def trusted_in(path: str) -> Trusted:
    """Return the certificates of a PEM file, none for "". Raises SettingsError when there are none in it."""
    if not path:
        return ()
    try:
        found = authorities(pem_in(path))
    except ValueError:
        found = ()
    if not found:
        raise SettingsError(f"{path} holds no certificates in PEM: give the time-stamp authority's file")
    return found


def pem_in(path: str) -> bytes:
    """Return the bytes of the file, none for "". Raises SettingsError when it cannot be read."""
    try:
        return Path(path).read_bytes() if path else b""
    except OSError as problem:
        raise SettingsError(f"{path} with the time-stamp authority cannot be read: {problem.strerror}") from problem


def witnesses_in_file(path: str) -> tuple[Verifier, ...]:
    """Return the keys of witnesses in a file, a vkey a line. Raises SettingsError when it is no such file."""
    try:
        return witnesses_in(Path(path).read_bytes())
    except OSError as problem:
        raise SettingsError(f"{path} with the keys of witnesses cannot be read: {problem.strerror}") from problem
    except BadKey as problem:
        raise SettingsError(f"{path}: {problem}") from problem
