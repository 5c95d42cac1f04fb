"""What the settings say of providers, limits and secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailer.flows.initialise import Value
from mailer.providers import SendingLimits, providers
from mailer.settings import Settings, SettingsError, load
from mailer.wiring import open_app
from tests.edges.tokens.test_commands import LIMITS, MICROSOFT, duly, set_up


def settings_with(folder: Path, values: dict[str, Value]) -> Settings:
    return load(set_up(folder / "data", values))


@pytest.mark.parametrize("name", sorted(providers()))
def test_every_provider_can_be_set_up(tmp_path: Path, name: str) -> None:
    result = duly("init", "--data", tmp_path / "data", "--provider", name)
    assert result.exit_code == 0, result.output
    limits = load(tmp_path / "data").sending_limits()
    assert limits == providers()[name].limits
    assert limits.connections > 0


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ({}, SendingLimits(connections=2)),
        ({"smtp.provider": "relay"}, SendingLimits(connections=8)),
        (
            {"smtp.provider": MICROSOFT, "smtp.per_minute": 10, "smtp.connections": 1},
            {"connections": 1, "per_minute": 10},
        ),
        ({"smtp.provider": MICROSOFT, "smtp.per_day": 500}, {"per_day": 500}),
        ({"smtp.provider": MICROSOFT, "smtp.domain_spacing_seconds": 7}, {"domain_spacing_seconds": 7}),
    ],
)
def test_limits_are_the_providers_where_the_settings_say_nothing(
    tmp_path: Path, values: dict[str, Value], limits: SendingLimits | dict[str, Any]
) -> None:
    expected = limits if isinstance(limits, SendingLimits) else SendingLimits(**{**_fields(LIMITS), **limits})
    assert settings_with(tmp_path, values).sending_limits() == expected


def _fields(limits: SendingLimits) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in SendingLimits.__dataclass_fields__}


def test_an_unknown_provider_in_the_settings_is_named_with_those_there_are(tmp_path: Path) -> None:
    for name in ("smtp.provider", "oauth.provider"):
        with pytest.raises(SettingsError, match=rf"{name}: .*no mail provider 'gmial'.*google, microsoft365"):
            settings_with(tmp_path, {name: "gmial"})


def test_the_applications_secret_from_each_place_it_may_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("canary-file\n", encoding="utf-8")
    file.chmod(0o600)
    named = settings_with(tmp_path / "a", {"oauth.client_secret_file": str(file)})
    assert named.oauth.secret() == "canary-file"
    asked = settings_with(tmp_path / "b", {"oauth.client_secret_command": "printf 'canary-command\\n'"})
    assert asked.oauth.secret() == "canary-command"
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="others may read it: run `chmod 600"):
        named.oauth.secret()
    file.chmod(0o600)
    file.write_bytes(b"\xff\xfe canary")
    with pytest.raises(SettingsError, match=r"the client secret file .* is not text"):
        named.oauth.secret()
    file.unlink()
    with pytest.raises(SettingsError, match=r"the client secret file .* cannot be read"):
        named.oauth.secret()
    monkeypatch.setenv("DULY_OAUTH__CLIENT_SECRET", "canary-environment")
    from_environment = load(named.data)
    assert from_environment.oauth.secret() == "canary-environment"
    assert "canary" not in f"{from_environment!r} {from_environment}"


def test_starttls_for_imap_is_refused_with_the_port_to_use(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"imap\.security: .*use port 993"):
        settings_with(tmp_path, {"imap.security": "starttls"})


def test_microsoft_is_asked_for_the_rights_of_mail_with_or_without_a_user(tmp_path: Path) -> None:
    values: dict[str, Value] = {"smtp.provider": MICROSOFT, "oauth.tenant": "duly.test", "oauth.client_id": "x"}
    by_user = open_app(settings_with(tmp_path / "a", values)).tokens.source().settings
    assert by_user.token_url == "https://login.microsoftonline.com/duly.test/oauth2/v2.0/token"
    assert by_user.scope.split()[-1] == "offline_access"
    alone = open_app(settings_with(tmp_path / "b", {**values, "oauth.grant": "client_credentials"})).tokens.source()
    assert alone.settings.scope == "https://outlook.office365.com/.default"
