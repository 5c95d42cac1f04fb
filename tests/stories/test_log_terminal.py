"""`duly log` as a credit controller, a lawyer and a sceptic with OpenSSL use it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.stories.terminal import Terminal

#: Checks an entry against a proof with bash, OpenSSL, base64 and od only.
INCLUSION = r"""
set -euo pipefail
h(){ openssl dgst -sha256 -binary; }; hex(){ od -An -v -tx1|tr -d ' \n'; }
bin(){ printf "$(sed 's/../\\x&/g' <<<"$1")"; }
mapfile -t L < "$2"; [ "${L[0]}" = c2sp.org/tlog-proof@v1 ]; k=1
i=${L[k]#index }; P=(); for ((j=k+1;j<${#L[@]};j++)); do [ -z "${L[j]}" ] && break; P+=("${L[j]}"); done
n=${L[j+2]}; R=$(base64 -d <<<"${L[j+3]}"|hex)
r=$( (printf '\0'; cat "$1")|h|hex ); f=$i; s=$((n-1)); [ "$i" -lt "$n" ]
for p in "${P[@]}"; do q=$(base64 -d <<<"$p"|hex); [ $s -ne 0 ]
 if ((f&1)) || [ $f -eq $s ]; then r=$( (printf '\1'; bin "$q"; bin "$r")|h|hex )
  while ((f!=0 && !(f&1))); do f=$((f>>1)); s=$((s>>1)); done
 else r=$( (printf '\1'; bin "$r"; bin "$q")|h|hex ); fi; f=$((f>>1)); s=$((s>>1)); done
[ $s -eq 0 ] && [ "$r" = "$R" ]
"""
SIGNATURE = r"""
set -euo pipefail
sed -n '/^$/q;p' checkpoint > body
tail -n1 checkpoint | awk '{print $3}' | base64 -d | tail -c +5 > sig
openssl pkeyutl -verify -pubin -inkey log.pub.pem -rawin -in body -sigfile sig
"""


@pytest.fixture
def house(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path / "data")
    terminal.owe()
    return terminal


def test_a_head_is_kept_and_the_record_held_to_it(house: Terminal, tmp_path: Path) -> None:
    kept = tmp_path / "kept.checkpoint"
    assert "not in the log yet" in house.type("log", "verify")
    said = house.type("log", "checkpoint", "--out", str(kept))
    assert "entries, signed" in said
    house.type("note", "add", "K1", "They called.")
    size = house.read("log", "checkpoint")["size"]
    for option, since in (("--kept", 0), ("--since", size - 1)):
        found = house.read("log", "verify", option, str(kept))
        assert (found["ok"], found["leaves"], found["waiting"], found["since"]) == (True, size, 0, since)
    assert "is what it was" in house.type("log", "verify", "--kept", str(kept))
    assert "never overwritten" in house.type("log", "checkpoint", "--out", str(kept), code=2)


def test_what_was_done_to_it_is_named(house: Terminal) -> None:
    house.type("log", "checkpoint")
    with sqlite3.connect(house.data / "duly.sqlite3") as database:
        database.execute("DROP TRIGGER events_no_delete")
        database.execute("DELETE FROM events WHERE seq = 3")
    database.close()
    lines = house.type("log", "verify", "-o", "json", code=1).splitlines()
    found = json.loads(next(line for line in lines if line.startswith("{")))
    assert [one["error"] for one in found["findings"]] == ["dropped"]
    assert "NOT what it was" in house.type("log", "verify", code=1)
    assert house.type("log", "verify", "-o", "csv", code=1).find("\ndropped,2,") > 0


def test_a_record_that_was_put_back_is_not_signed(house: Terminal) -> None:
    backup = house.data / "duly.sqlite3"
    house.type("log", "checkpoint")
    with sqlite3.connect(backup) as database:
        for table in ("log_checkpoints", "log_leaves", "events"):
            database.execute(f"DROP TRIGGER {table}_no_delete")
        database.execute("DELETE FROM log_checkpoints")
        database.execute("DELETE FROM log_leaves WHERE seq > 2")
        database.execute("DELETE FROM events WHERE seq > 3")
    database.close()
    assert "restored" in house.type("log", "verify", code=1)
    assert "restored" in house.type("log", "checkpoint", code=1)
    assert "restored" in house.type("log", "prove", "1", code=1)
    assert "restored" in house.type("log", "rotate", "--because", "yearly", code=1)
    assert "A new log begins with the 3 entries" in house.type("log", "restart", "--because", "the disk died")
    assert "is what it was" in house.type("log", "verify")
    assert "nothing to restart" in house.type("log", "restart", "--because", "again", code=2)
    assert "Both keys" in house.type("log", "rotate", "--because", "yearly")
    assert house.read("log", "rotate", "--because", "yearly")["size"] == house.read("log", "verify")["leaves"]


def test_a_sceptic_needs_none_of_our_software(house: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "proofs"
    out.mkdir()
    house.type("log", "prove", "2", "--out", str(out))
    check = tmp_path / "check.sh"
    check.write_text(INCLUSION)
    entry, proof = out / "000001.json", out / "000001.tlog-proof"
    assert subprocess.run(["bash", check, entry, proof], check=False).returncode == 0
    signed = subprocess.run(["bash", "-c", SIGNATURE], cwd=out, check=False, capture_output=True, text=True)
    assert "Verified Successfully" in signed.stdout
    entry.write_bytes(entry.read_bytes().replace(b'"v":1', b'"v":2'))
    assert subprocess.run(["bash", check, entry, proof], check=False).returncode != 0


def test_what_cannot_be_used_is_refused(house: Terminal, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("")
    assert "not a checkpoint" in house.type("log", "verify", "--kept", str(empty), code=2)
    assert "cannot be read" in house.type("log", "verify", "--since", str(tmp_path / "none"), code=2)
    assert "either" in house.type("log", "verify", "--since", str(empty), "--kept", str(empty), code=2)
    assert "no event" in house.type("log", "prove", "evt_none", code=2)
    assert "no folder" in house.type("log", "prove", "1", "--out", str(tmp_path / "none"), code=2)
    (house.data / "log.key").unlink()
    assert "is missing" in house.type("log", "verify", code=3)


def test_a_proof_goes_to_the_terminal_and_to_programs(house: Terminal) -> None:
    assert house.type("log", "prove", "1").startswith("c2sp.org/tlog-proof@v1\nindex 0\n")
    assert house.read("log", "prove", "1")["seq"] == 0
    assert house.type("log", "checkpoint").count("\n") == 5
    assert house.type("log", "checkpoint", "-o", "csv").startswith("note,size")
