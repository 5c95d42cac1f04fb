"""The texts about mails' signatures that go into a case file, each under the entry of the log that names it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mailer.dossier.eml import EvidenceMismatch
from mailer.flows.case_folder import CaseFolder
from mailer.record.package import signatures_path
from mailer.store import events
from mailer.store.session import Tx


async def write_signatures(
    tx: Tx, folder: CaseFolder, texts: Mapping[str, int], named: Mapping[int, frozenset[str]]
) -> None:
    """Write the texts that are kept under these ids. Raises EvidenceMismatch for one that its event does not name."""
    for payload_id, index in texts.items():
        text, path = await events.payload(tx, payload_id) or b"", signatures_path(index)
        if hashlib.sha256(text).hexdigest() not in named[index]:
            raise EvidenceMismatch(path, "the text about its signatures")
        folder.write(path, (text,))


def dkim_words(payload: Mapping[str, Any]) -> str:
    """Return what an event says of a mail's signatures in a few words: "pass alder.example (exact)"."""
    domain, beside = payload.get("domain"), payload.get("domain_and_from")
    but = "; ".join(map(str, payload.get("but") or ()))
    return " ".join(
        part
        for part in (
            str(payload.get("verdict", "")),
            f"{domain} ({beside})" if domain else "",
            f"but {but}" if but else "",
        )
        if part
    )
