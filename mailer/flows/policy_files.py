"""The policy files, shipped and the user's own, as policies."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from mailer.flows.policies import Policies
from mailer.reminders.policy import Policy, policy_from_values
from mailer.resources import config_dir
from mailer.settings import Settings, SettingsError


def load_policies(settings: Settings) -> Policies:
    """Return the shipped policies, each overridden by the file of the same name in <data>/policies.

    Raises SettingsError naming the file and everything that is wrong in it, or the default that does not exist.
    """
    found: dict[str, Policy] = {}
    for folder in (config_dir() / "policies", settings.data / "policies"):
        for path in sorted(folder.glob("*.toml")):
            found[path.stem] = load_policy(path)
    sending = settings.sending
    for name in (sending.default_policy, *sending.assignments.values()):
        if name not in found:
            message = f"the settings name the policy {name!r}, but there are only: {', '.join(sorted(found))}"
            raise SettingsError(message)
    return Policies(by_name=found, assignments=sending.assignments, default=sending.default_policy)


def load_policy(path: Path) -> Policy:
    """Return the policy of one file; its version is the hash of the file's bytes. Raises SettingsError."""
    raw = path.read_bytes()
    try:
        return policy_from_values(
            tomllib.loads(raw.decode("utf-8")), name=path.stem, version=hashlib.sha256(raw).hexdigest()[:12]
        )
    except ValueError as problem:
        message = f"{path}: {problem}"
        raise SettingsError(message) from problem
