"""Case files of a world, and the commands that check them: ours, and those of VERIFY.txt."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from mailer.dossier.manifest import closing_entries
from mailer.dossier.model import CaseMessage
from mailer.dossier.verify_text import TEXT
from mailer.flows.export_case import Exporter, _newest
from mailer.flows.gather_case import Options, Origin
from tests.core.record.packages import sha
from tests.stories.world import World


def exporter_of(world: World) -> Exporter:
    origin = Origin(exported_by="person:test", tool="Duly test", seller_name="Brightwater Systems Ltd")
    return Exporter(keeper=world.app.log_keeper(), renderer=world.app.desk.renderer, origin=origin)


async def case_messages(world: World, said: str) -> tuple[CaseMessage, ...]:
    """What a case file would hold now; nothing is left of it."""
    folder, found = await _newest(exporter_of(world), said, Options(), world.folder / "looked")
    folder.discard()
    return found.file.messages


def remake(folder: Path) -> None:
    """Make the manifests anew, as somebody who hides a change would."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    sums = {path: sha(place.read_bytes()) for path, place in files.items() if "manifest-" not in path}
    payload = [path for path in sums if path.startswith("data/")]
    info = folder / "bag-info.txt"
    oxum = f"Payload-Oxum: {sum(files[path].stat().st_size for path in payload)}.{len(payload)}"
    lines = [oxum if line.startswith("Payload-Oxum") else line for line in info.read_text("utf-8").split("\n")]
    info.write_text("\n".join(lines), "utf-8")
    sums["bag-info.txt"] = sha(info.read_bytes())
    for entry in closing_entries(sums):
        (folder / entry.path).write_bytes(entry.content)


def loose_tails(folder: Path) -> list[tuple[Path, bytes]]:
    """Every way to write other base64 for the same bytes in the log's files, in order: the file, what it would be."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    found = list[tuple[Path, bytes]]()
    for path in sorted((folder / "data/audit").rglob("*")):
        raw = path.read_bytes() if path.is_file() and path.suffix != ".ndjson" else b""
        for tail in re.finditer(rb"[A-Za-z0-9+/]{43,}(=+)\n", raw):
            place, spare = tail.start(1) - 1, 2 * len(tail[1])
            value = alphabet.index(raw[place])
            others = [value ^ bits for bits in range(1, 1 << spare)]
            found += [(path, raw[:place] + alphabet[other : other + 1] + raw[place + 1 :]) for other in others]
    return found


def stock_verdict(folder: Path, *, script: Path | None = None) -> str:
    """What `bash VERIFY.txt` says, with the text as it was shipped."""
    place = script or folder.parent / ".verify"
    place.write_text(TEXT, encoding="utf-8")
    done = subprocess.run(["bash", str(place.resolve())], cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return "" if done.returncode == 0 else done.stdout.strip()
