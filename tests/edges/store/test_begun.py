"""A dead process is proven never to have issued DATA only by its own file, whole, of this boot, with no line for it."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.domain.ids import OutboxId
from mailer.flows.begun import Begun, BegunNotKept

ONE, OTHER = OutboxId("out_1"), OutboxId("out_12")
DEAD = "proc_dead"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    path = tmp_path / "boot_id"
    path.write_text("first-boot\n")
    return path


@pytest.fixture
def ours(tmp_path: Path, boot: Path) -> Iterator[Begun]:
    begun = Begun(tmp_path, "proc_ours", boot=boot)
    assert begun.open()
    yield begun
    begun.close()


@pytest.fixture
def dead(tmp_path: Path, boot: Path) -> Path:
    """The file of a process that noted one message and was killed."""
    program = f"""
import os, signal
from pathlib import Path
from mailer.flows.begun import Begun
begun = Begun(Path({str(tmp_path)!r}), {DEAD!r}, boot=Path({str(boot)!r}))
begun.open()
begun.note({OTHER!r}, 3)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL
    return tmp_path / "begun" / DEAD


@pytest.mark.usefixtures("dead")
def test_what_a_killed_process_has_no_line_for_was_never_begun(ours: Begun) -> None:
    assert ours.never(DEAD, ONE, 1)
    assert not ours.never(DEAD, OTHER, 3)
    assert ours.never(DEAD, OTHER, 4), "another attempt at the same message"


def test_a_living_process_proves_nothing_by_silence(ours: Begun, tmp_path: Path, boot: Path) -> None:
    sleeping = Begun(tmp_path, "proc_asleep", boot=boot)
    sleeping.open()
    assert not ours.never("proc_asleep", ONE, 1)
    assert not ours.never("proc_ours", ONE, 1)
    sleeping.close()
    assert ours.never("proc_asleep", ONE, 1)


@pytest.mark.parametrize("cut", range(1, len("out_12 3\n")))
def test_a_line_that_was_cut_off_counts_as_the_whole(ours: Begun, dead: Path, cut: int) -> None:
    dead.write_bytes(dead.read_bytes()[:-cut])
    assert not ours.never(DEAD, OTHER, 3)


@pytest.mark.usefixtures("dead")
def test_a_machine_started_anew_proves_nothing(ours: Begun, boot: Path) -> None:
    boot.write_text("second-boot\n")
    assert not ours.never(DEAD, ONE, 1)


@pytest.mark.parametrize("content", [b"", b"\n", b"first-bo"])
def test_a_file_without_its_boot_proves_nothing(ours: Begun, dead: Path, boot: Path, content: bytes) -> None:
    dead.write_bytes(content)
    assert not ours.never(DEAD, ONE, 1)
    boot.write_text("")
    assert not ours.never(DEAD, ONE, 1)


def test_a_process_of_another_machine_proves_nothing(ours: Begun) -> None:
    assert not ours.never("proc_elsewhere", ONE, 1)


def test_what_the_dead_left_goes_but_for_messages_still_in_data(ours: Begun, dead: Path) -> None:
    ours.sweep({DEAD})
    assert dead.exists()
    ours.sweep(set())
    assert [path.name for path in dead.parent.iterdir()] == ["proc_ours"]


def test_nothing_is_begun_that_cannot_be_noted(tmp_path: Path, boot: Path) -> None:
    (tmp_path / "begun").write_text("in the way")
    begun = Begun(tmp_path, "proc_ours", boot=boot)
    with pytest.raises(BegunNotKept, match="nothing is sent until it can"):
        begun.open()
    with pytest.raises(BegunNotKept, match="nothing is sent until it can"):
        begun.note(ONE, 1)


def test_a_line_after_one_that_found_no_room_stands_alone(ours: Begun, dead: Path) -> None:
    """Room came back: what was begun then must not look like the end of the line that was cut off."""
    boot_line, line = dead.read_bytes().split(b"\n", 1)
    dead.write_bytes(boot_line + b"\n" + b"out_1 ")
    with dead.open("ab") as file:
        file.write(line)
    assert not ours.never(DEAD, OTHER, 3)


def test_what_could_not_be_made_for_want_of_room_is_made_later(
    tmp_path: Path, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Begun(tmp_path, "proc_ours", boot=boot)

    def no_room(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("mailer.flows.begun.os.write", no_room)
        with pytest.raises(BegunNotKept, match="No space left"):
            begun.open()
    assert begun.open()
    begun.note(ONE, 1)
    begun.close()
