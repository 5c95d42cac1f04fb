"""Wheel and sdist carry templates and configuration, never secrets, and an installed Duly finds them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOT, own_files

SECRETS = ("config/local.toml", "config/local-test.toml", "config/secret.env", "secret.env", "mailer/secret.env")
SHIPPED = "mailer/_shipped/"


def build(source: Path, *options: str) -> None:
    """Builds with the installed hatchling; what it said is in the error."""
    command = [sys.executable, "-m", "build", "--no-isolation", *options, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def names_in(archive: Path) -> set[str]:
    """The files inside a wheel, or inside an sdist below its one folder."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return set(wheel.namelist())
    with tarfile.open(archive) as sdist:
        return {name.partition("/")[2] for name in sdist.getnames()}


def wanted(*folders: str) -> set[str]:
    """Our own files below these folders."""
    return {path.as_posix() for path in own_files() if path.parts[0] in folders}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three archives, built from a copy of our files in which somebody has left secrets."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    for path in own_files():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    for name in SECRETS:
        (source / name).write_text("password = 'secret'\n", encoding="utf-8")
    # Without --wheel or --sdist, build makes the sdist from the source and the wheel from that sdist.
    build(source, "--outdir", str(folder / "both"))
    build(source, "--wheel", "--outdir", str(folder / "direct"))
    return {
        "sdist": next((folder / "both").glob("*.tar.gz")),
        "wheel out of the sdist": next((folder / "both").glob("*.whl")),
        "wheel": next((folder / "direct").glob("*.whl")),
    }


@pytest.mark.parametrize("kind", ["wheel", "wheel out of the sdist"])
def test_a_wheel_carries_code_templates_and_config(built: dict[str, Path], kind: str) -> None:
    shipped = {SHIPPED + name for name in wanted("templates", "config")}
    assert any(name.startswith(f"{SHIPPED}templates/") for name in shipped)
    assert any(name.startswith(f"{SHIPPED}config/") for name in shipped)
    names = {name for name in names_in(built[kind]) if ".dist-info/" not in name}
    assert names == shipped | wanted("mailer", "workers")


def test_the_sdist_carries_everything_needed_to_build_and_test(built: dict[str, Path]) -> None:
    assert wanted("mailer", "workers", "templates", "config", "tests", "pyproject.toml", "LICENSE") <= names_in(
        built["sdist"]
    )


@pytest.mark.parametrize("kind", ["sdist", "wheel", "wheel out of the sdist"])
def test_no_archive_carries_a_secret(built: dict[str, Path], kind: str) -> None:
    leaked = {name for name in names_in(built[kind]) if name.endswith(".env") or "/local" in name}
    assert leaked == set()


def test_an_unpacked_wheel_finds_its_own_templates_and_config(built: dict[str, Path], tmp_path: Path) -> None:
    shutil.unpack_archive(built["wheel out of the sdist"], tmp_path, "zip")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from mailer import resources\n"
        "for folder in (resources.templates_dir(), resources.config_dir()):\n"
        "    print(folder)\n"
    )
    command = [sys.executable, "-I", "-c", program]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert printed.split() == [str(tmp_path / SHIPPED / name) for name in ("templates", "config")]


def test_the_wheel_installs_the_duly_command_under_its_licence(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["wheel"]) as wheel:
        texts = {name.rpartition("/")[2]: wheel.read(name).decode() for name in wheel.namelist() if "dist-info" in name}
    assert "duly = workers.command:main" in texts["entry_points.txt"]
    assert "License-Expression: GPL-3.0-or-later" in texts["METADATA"]
    assert "GNU GENERAL PUBLIC LICENSE" in texts["LICENSE"]
