"""PDFs in the child: honest ones are read, hostile ones cost their own text and nothing else."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest
import pytest_asyncio

from mailer.domain.message import Attachment, InboundMail
from mailer.replies.parse import parse
from mailer.sandbox import sandbox as parent
from mailer.sandbox.sandbox import Sandbox, SandboxRefused
from tests.faults.pdfs import ENDLESS, HOSTILE, encrypted, pdf

ADVICE = "Zahlungsavis 4711\nINV-1   100,00 EUR (Skonto)\nÜberweisung: 1.234,50 €"


#: One child serves all of it: each would load the library anew.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(seconds=60)
    yield made
    await made.close()


def mail(*pdfs: bytes, text: str = "see attached") -> bytes:
    made = EmailMessage()
    made["From"] = "ap@alder.example"
    made.set_content(text)
    for number, content in enumerate(pdfs):
        made.add_attachment(content, maintype="application", subtype="pdf", filename=f"{number}.pdf")
    return made.as_bytes()


def told(one: InboundMail) -> list[tuple[str, str]]:
    return [(each.text.strip(), each.flaw) for each in one.attachments]


async def read(sandbox: Sandbox, content: bytes) -> Attachment:
    return (await sandbox.parse(mail(content))).attachments[0]


async def test_an_honest_pdf_is_read(sandbox: Sandbox) -> None:
    one = await read(sandbox, pdf(ADVICE))
    assert (one.text.strip(), one.flaw, one.content) == (ADVICE, "", pdf(ADVICE))


async def test_a_pdf_that_forbids_changes_only_is_read(sandbox: Sandbox) -> None:
    assert told(await sandbox.parse(mail(encrypted(ADVICE, "")))) == [(ADVICE, "")]


async def test_a_pdf_is_known_by_its_content_and_not_by_its_name(sandbox: Sandbox) -> None:
    found = await sandbox.with_texts(
        InboundMail(
            message_id="", in_reply_to=(), references=(), from_email="", from_name="", reply_to=(), recipients=(),
            subject="", sent_at=None, text="",
            attachments=(
                Attachment(name="scan", media_type="application/octet-stream", content=pdf("INV-1")),
                Attachment(name="letter.pdf", media_type="application/pdf", content=b"PK no PDF"),
            ),
        )
    )  # fmt: skip
    assert told(found) == [("INV-1", ""), ("", "")]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_pdf_costs_its_own_text_and_says_so(sandbox: Sandbox, name: str) -> None:
    make, flaw = HOSTILE[name]
    one = await sandbox.parse(mail(make(), text="We pay INV-1 on Friday."))
    assert one.text == "We pay INV-1 on Friday."
    assert flaw in one.attachments[0].flaw
    assert len(one.attachments[0].text) < 1_000


@pytest.mark.parametrize("name", ENDLESS)
async def test_an_endless_pdf_costs_neither_the_mail_nor_its_other_parts(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, name: str
) -> None:
    await read(sandbox, pdf("warm"))
    pid, asked, endless = sandbox.pid, sandbox.run, ENDLESS[name]()

    async def run(task: str, content: bytes) -> tuple[dict[str, object], bytes]:
        sandbox._seconds = 0.3 if content == endless else 60
        return await asked(task, content)

    monkeypatch.setattr(sandbox, "run", run)
    one = await sandbox.parse(mail(endless, pdf(ADVICE), text="We pay INV-1 on Friday."))
    assert one.text == "We pay INV-1 on Friday."
    assert told(one) == [("", "could not be read: it took longer than 0.3 seconds"), (ADVICE, "")]
    assert sandbox.pid != pid


async def test_not_every_pdf_of_a_mail_may_end_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def run(_: Sandbox, task: str, _raw: bytes) -> tuple[dict[str, object], bytes]:
        asked.append(task)
        raise SandboxRefused("its process ended")

    monkeypatch.setattr(Sandbox, "run", run)
    found = await Sandbox().with_texts(parse(mail(*[pdf("INV-1")] * 4)))
    assert asked == ["pdf_text"] * parent.MAX_PDFS_REFUSED
    assert [flaw for _, flaw in told(found)] == [
        *["could not be read: its process ended"] * 2,
        *["was not read after so many others"] * 2,
    ]


async def test_only_so_many_and_so_large_pdfs_are_read(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    monkeypatch.setattr(parent, "MAX_PDFS", 2)
    monkeypatch.setattr(parent, "MAX_PDF_BYTES", 2_000_000)
    large = pdf("INV-1") + bytes(2_000_000)
    found = await sandbox.parse(mail(pdf("INV-1"), large, pdf("INV-3")))
    assert told(found) == [("INV-1", ""), ("", "is larger than 2 MB"), ("", "was not read after so many others")]


async def test_the_library_is_loaded_with_the_first_pdf_and_not_before() -> None:
    program = "import sys, mailer.sandbox.child, mailer.sandbox.sandbox; print('pypdf' in sys.modules)"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await child.communicate()
    assert said.split() == [b"False"]


@pytest.mark.parametrize("answer", [{}, {"text": "x", "flaw": "own words"}, {"text": "\0", "flaw": ""}, {"text": 1}])
async def test_a_child_that_lies_about_a_pdf_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, object]
) -> None:
    async def run(*_: object) -> tuple[dict[str, object], bytes]:
        return answer, b""

    monkeypatch.setattr(Sandbox, "run", run)
    found = await Sandbox().with_texts(parse(mail(pdf("INV-1"))))
    assert told(found) == [("", "could not be read: its answer was no text")]
