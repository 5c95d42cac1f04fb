"""A case file is in its place when, and only when, the record says that it was made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from mailer.flows.case_folder import CaseFolder
from mailer.flows.gather_case import Options
from mailer.flows.verify_case import verify_case
from mailer.store import events
from tests.stories.case_house import SENT, CaseHouse, a_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[CaseHouse]:
    built = await a_house(tmp_path)
    await built.sends(SENT % 1)
    yield built
    await built.store.close()


async def _exports(house: CaseHouse) -> list[tuple[str, dict[str, Any]]]:
    async with house.store.reading() as tx:
        return [(one.type, one.payload) for one in await events.listing(tx) if one.type.startswith("export.")]


def _when_packed(monkeypatch: pytest.MonkeyPatch, then: Callable[[CaseFolder], object]) -> None:
    """Let something happen when the case file is whole and not yet in its place."""
    pack = CaseFolder.pack

    def packed(folder: CaseFolder) -> None:
        pack(folder)
        then(folder)

    monkeypatch.setattr(CaseFolder, "pack", packed)


@pytest.mark.parametrize("zipped", [False, True])
async def test_what_could_not_be_put_on_record_is_not_there(
    house: CaseHouse, monkeypatch: pytest.MonkeyPatch, *, zipped: bool
) -> None:
    armed: list[CaseFolder] = []
    _when_packed(monkeypatch, armed.append)

    def before(_: object, __: object, statement: str, *___: object) -> None:
        if armed and statement == "COMMIT":
            raise OSError(28, "No space left on device")

    event.listen(house.store.engine.sync_engine, "before_cursor_execute", before)
    with pytest.raises(OSError, match="No space"):
        await house.export(options=Options(zipped=zipped))
    event.remove(house.store.engine.sync_engine, "before_cursor_execute", before)
    assert list((house.folder / "out").iterdir()) == []
    assert [type_ for type_, _ in await _exports(house)] == ["export.started"]


@pytest.mark.parametrize("zipped", [False, True])
async def test_what_could_not_be_put_in_its_place_is_on_record(
    house: CaseHouse, monkeypatch: pytest.MonkeyPatch, *, zipped: bool
) -> None:
    def taken(folder: CaseFolder) -> None:
        folder.path.mkdir()
        (folder.path / "theirs").write_bytes(b"another was faster")

    _when_packed(monkeypatch, taken)
    with pytest.raises(OSError, match="not empty"):
        await house.export(options=Options(zipped=zipped))
    (place,) = (house.folder / "out").iterdir()
    assert [path.name for path in place.iterdir()] == ["theirs"]
    (_, _), (made, created), (lost, payload) = await _exports(house)
    assert (made, lost) == ("export.created", "export.not_placed")
    assert payload["tagmanifest_sha256"] == created["tagmanifest_sha256"]
    assert "not empty" in payload["why"]


async def test_after_a_crash_the_whole_file_lies_beside_its_place(
    house: CaseHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: CaseFolder) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(CaseFolder, "finish", die)
    monkeypatch.setattr(CaseFolder, "discard", lambda _: None)  # whoever is killed takes nothing away
    with pytest.raises(KeyboardInterrupt):
        await house.export()
    (draft,) = (house.folder / "out").iterdir()
    assert verify_case(draft).flaws == ()
    assert [type_ for type_, _ in await _exports(house)] == ["export.started", "export.created"]
