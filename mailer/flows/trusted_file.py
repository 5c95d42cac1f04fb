"""The file that says whose time stamps count."""

from __future__ import annotations

from pathlib import Path

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
