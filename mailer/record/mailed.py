"""A signed head in the words of a mail, and how it is found again after mail programs have had their way with them."""

from __future__ import annotations

import re

from mailer.record.checkpoint import Checkpoint

_BEGIN, _END = "-----BEGIN CHECKPOINT-----", "-----END CHECKPOINT-----"
_BLOCK = re.compile(f"{_BEGIN}(.*?){_END}", re.DOTALL)
#: What answers and forwarded mails put before each line.
_QUOTED = re.compile(r"^[> \t]+", re.MULTILINE)
_DASH = "\u2014"
_WORDS = """\
This mail comes by itself, once a week. Nobody needs to answer it; please keep it.

{seller} keeps a record of the reminders it sends and of the replies (with Duly). Whatever happens is an entry in a
log that only grows, and the lines at the end sign all entries so far. With them, it shows if an entry of before today
is changed, left out, or put in later. They name nobody, and say nothing of what is in the record.

  Log:      {origin}
  Entries:  {size}
  Root:     {root}
  Its key:  {key_sha256} (SHA-256 of log.vkey)

How to check it, at any time:

  Save this mail as a file. Whoever has the record holds it against the file with
      duly log verify --kept FILE
  Of a case file, data/audit/log.vkey must have the SHA-256 above (sha256sum), unless its log has another key since.
  If no such mail comes for more than a week, ask why.

{begin}
{note}{end}
"""


def mailed(head: Checkpoint, note: str, *, seller: str, key_sha256: str) -> tuple[str, str]:
    """Return the subject and the text (lines ended by LF) of a mail that bears a signed head, its note verbatim.

    `seller`: who keeps the log; `key_sha256`: of the line of its public key, hex.
    """
    root = head.text.splitlines()[-1]
    text = _WORDS.format(
        seller=seller, origin=head.origin, size=head.size, root=root, key_sha256=key_sha256, note=note,
        begin=_BEGIN, end=_END,
    )  # fmt: skip
    return f"Checkpoint of the record of {seller}: {head.size} entries", text


def note_in(text: str) -> str:
    """Return the note that stands in the text of such a mail, the first of several; a text without one as it is.

    Lines may have been quoted, wrapped or filled (RFC 3676): a note of ours has no word with a space in it, and blanks
    only between words, so it is put together anew from its words. Whether it is signed is for others to check.
    """
    found = _BLOCK.search(text)
    if found is None:
        return text
    head, *signatures = _QUOTED.sub("", found[1]).split(_DASH)
    lines = []
    for one in signatures:
        name, *pieces = one.split() or [""]
        lines.append(f"{_DASH} {name} {''.join(pieces)}\n")
    return "\n".join([*head.split(), "", "".join(lines)])
