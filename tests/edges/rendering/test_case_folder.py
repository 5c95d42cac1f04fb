"""A whole case written to disk as the export does it, and checked with the stock tool."""

from __future__ import annotations

import csv
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mailer.dossier.entry import Entry, FileEntry, RenderedEntry
from mailer.dossier.formats import entries
from mailer.dossier.manifest import closing_entries
from mailer.dossier.model import CaseFile, MessageContent
from mailer.rendering.renderer import Renderer
from mailer.rendering.sample_case import sample_case

RAW = {"DULY000001": b"From: us\r\n\r\nhello\r\n", "DULY000002": b"From: \xff\x00them\r\n\r\nodd \r bytes"}


def made() -> tuple[CaseFile, tuple[MessageContent, ...]]:
    """The sample case, with real bytes behind the sums that it names."""
    case = sample_case()
    out, reply = case.messages
    slip = replace(reply.attachments[0], sha256=hashlib.sha256(b"dir").hexdigest())
    out = replace(out, sha256=hashlib.sha256(RAW[out.number]).hexdigest())
    reply = replace(reply, sha256=hashlib.sha256(RAW[reply.number]).hexdigest(), attachments=(slip,))
    contents = (
        MessageContent(number=out.number, raw=RAW[out.number]),
        MessageContent(number=reply.number, raw=RAW[reply.number], attachments=(b"dir",)),
    )
    return replace(case, messages=(out, reply)), contents


def write(folder: Path) -> dict[str, str]:
    renderer, hashes = Renderer(), {}

    def put(entry: FileEntry | RenderedEntry) -> None:
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes_of(renderer, entry))
        hashes[entry.path] = hashlib.sha256(path.read_bytes()).hexdigest()

    case, contents = made()
    for entry in entries(case, contents):
        put(entry)
    for entry in closing_entries(dict(hashes)):
        put(entry)
    return hashes


def bytes_of(renderer: Renderer, entry: Entry) -> bytes:
    if isinstance(entry, FileEntry):
        return entry.content
    return "".join(renderer.document(entry.template, entry.language, entry.part, entry.values)).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "case")
    return tmp_path / "case"


def sha256sum(folder: Path, manifest: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("sha256sum")
    assert tool, "sha256sum is part of every Linux"
    return subprocess.run(
        [tool, "--strict", "-c", manifest], cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize("manifest", ["manifest-sha256.txt", "tagmanifest-sha256.txt"])
def test_sha256sum_accepts_the_manifests(folder: Path, manifest: str) -> None:
    done = sha256sum(folder, manifest)
    assert done.returncode == 0, done.stdout + done.stderr
    listed = (folder / manifest).read_text(encoding="utf-8").splitlines()
    assert len(done.stdout.splitlines()) == len(listed)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("change", [flip, Path.unlink])
def test_sha256sum_notices_a_changed_and_a_missing_mail(folder: Path, change: Callable[[Path], None]) -> None:
    change(folder / "data/eml/DULY000002.eml")
    assert sha256sum(folder, "manifest-sha256.txt").returncode == 1


def test_every_file_is_under_one_of_the_manifests(folder: Path) -> None:
    payload = {path.relative_to(folder).as_posix() for path in (folder / "data").rglob("*") if path.is_file()}
    lines = (folder / "manifest-sha256.txt").read_text(encoding="utf-8").splitlines()
    assert {line[66:] for line in lines} == payload
    tags = (folder / "tagmanifest-sha256.txt").read_text(encoding="utf-8").splitlines()
    assert [line[66:] for line in tags] == [
        "README.txt",
        "VERIFY.txt",
        "bagit.txt",
        "mailbag.csv",
        "manifest-sha256.txt",
        "messages_not_retained.txt",
    ]


def test_two_exports_of_one_case_are_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "one") == write(tmp_path / "two")


def test_mails_are_the_exact_bytes(folder: Path) -> None:
    for number, raw in RAW.items():
        assert (folder / f"data/eml/{number}.eml").read_bytes() == raw


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.pre: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick", "onload", "srcset", "background"}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "pre":
            self.pre.append(data)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_hostile_mail_cannot_break_or_fake_the_printed_report(language: str) -> None:
    case, contents = made()
    found = {entry.path: entry for entry in entries(replace(case, language=language), contents)}
    html = bytes_of(Renderer(), found["data/report/chronology.html"]).decode()
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    assert "script" not in tags.seen
    assert "<b>" not in html
    assert "\u202e" not in html
    assert "\x07" not in html
    text = "".join(tags.pre)
    assert "</pre><script>alert(1)</script>O'Brien & <b>Söhne</b>" in text
    assert "[U+202E]gpj.exe[U+0007]" in text


def test_no_line_of_a_mail_stands_at_the_margin_of_the_plain_report(folder: Path) -> None:
    text = (folder / "data/report/chronology.txt").read_text(encoding="utf-8")
    assert "    | We pay on 10 November.\n    | </pre><script>" in text
    assert not any(line.startswith(("We pay", "</pre>")) for line in text.splitlines())


def test_the_tables_open_as_tables(folder: Path) -> None:
    for path in folder.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.reader(opened, strict=True))
        assert len({len(row) for row in rows}) == 1, path
