"""Secrets from where their owner keeps them (the settings, a file, a command that prints them), and where they go."""

from __future__ import annotations

import ipaddress
import os
import shlex
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from mailer.domain.unavailable import Unavailable


class SettingsError(Unavailable):
    """The settings cannot be used: a value is wrong or missing, or the file is open to others."""


def secret_from(value: str, file: str, command: str, *, what: str) -> str:
    """Return the secret from the first place that gives one, "" when none does; may block for as long as a command.

    `what` names the secret in errors ("password"). Raises SettingsError when the place fails, without the secret.
    """
    if value:
        return value
    if file:
        return _from_file(Path(file), what)
    return _from_command(command, what) if command else ""


def check_private(path: Path) -> None:
    """Raise SettingsError when others than the owner may read the file (POSIX only)."""
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        message = f"{path} holds secrets and others may read it: run `chmod 600 {path}`"
        raise SettingsError(message)


def is_loopback(url: str) -> bool:
    """Tell whether the address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe(url: str) -> bool:
    """Tell whether a secret may travel there: by https, or by http on this machine."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url)))
    except ValueError:
        return False


def is_web_address(url: str) -> bool:
    """Tell whether it can be asked over http or https."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _from_file(path: Path, what: str) -> str:
    try:
        check_private(path)
        return path.read_text("utf-8").strip("\r\n")
    except OSError as problem:
        message = f"the {what} file {path} cannot be read: {problem.strerror}"
        raise SettingsError(message) from problem
    except UnicodeDecodeError:  # its text holds the bytes
        message = f"the {what} file {path} is not text in UTF-8: write the {what} into it, and nothing else"
        raise SettingsError(message) from None


def _from_command(command: str, what: str) -> str:
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, check=True, timeout=30)  # noqa: S603 - the owner's own command
        return done.stdout.decode().strip("\r\n")
    except (OSError, ValueError, subprocess.SubprocessError) as problem:
        message = f"the {what} command `{command.partition(' ')[0]} …` failed ({type(problem).__name__})"
        raise SettingsError(message) from None
