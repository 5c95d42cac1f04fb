"""HTML mail as plain text that keeps lines, quotes and every word the sender typed.

The standard library's HTML parser is quadratic on unfinished tags (CVE-2025-6069), so tags are found here with
patterns that cannot look back: each stops at the next "<". Nothing is rendered, fetched or executed.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,20})((?:[\s/][^<>]*)?)>|<[!?/][^<>]*>")
_ATTRIBUTE = re.compile(r"""\b(class|id|style|type)\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_HIDDEN = (
    (re.compile("<!--"), re.compile("-->")),
    *(
        (re.compile(f"<{name}\\b", re.IGNORECASE), re.compile(f"</{name}[^<>]*>", re.IGNORECASE))
        for name in ("script", "style", "title")
    ),
)
_BLOCKS = frozenset(
    "address article aside blockquote center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li"
    " main nav ol p pre section table tbody tfoot thead tr ul body html".split()
)
#: Elements after which a blank line separates thoughts.
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "table", "ul", "ol"})
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
#: What clients put around quoted text and attribution lines, as class or id.
_QUOTE_MARKS = frozenset({"gmail_attr", "moz-cite-prefix", "yahoo_quoted", "protonmail_quote"})
_INDENT_ONLY = re.compile(r"border(?:-left)?\s{0,5}:\s{0,5}(?:none|0)", re.IGNORECASE)
_MAX_DEPTH = 400


@dataclass(slots=True)
class _Page:
    """What has been written so far."""

    lines: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    open_tags: list[tuple[str, bool]] = field(default_factory=list)
    quotes: int = 0

    def write(self, text: str) -> None:
        self.words.append(text)

    def end_line(self, *, blank: bool = False) -> None:
        written = "".join(self.words)
        text = re.sub(r"[ \t\r\n]+", " ", written).strip()
        self.words.clear()
        mark = "> " if self.quotes else ""
        if text:
            self.lines.append(mark + text)
        # A lone &nbsp; in a block is how editors write an empty line.
        if (blank or (not text and "\u00a0" in written)) and self.lines and self.lines[-1].strip("> "):
            self.lines.append(mark.strip())

    def break_line(self) -> None:
        """End the line even when it is empty (<br>)."""
        if "".join(self.words).strip():
            self.end_line()
        elif self.lines and self.lines[-1].strip("> "):
            self.lines.append(">" if self.quotes else "")


def text_from_html(source: str) -> str:
    """Return the words of an HTML body as lines; quoted blocks get "> " in front of every line.

    Scripts, styles, titles and comments are left out; table cells of one row stay on one line.
    """
    source = _without_hidden(source)
    page = _Page()
    position = 0
    for tag in _TAG.finditer(source):
        page.write(html.unescape(source[position : tag.start()]))
        position = tag.end()
        if tag[2]:
            _take_tag(page, tag[2].lower(), tag[3] or "", closing=bool(tag[1]))
    page.write(html.unescape(source[position:]))
    page.end_line()
    return "\n".join(page.lines).strip("\n")


def _take_tag(page: _Page, name: str, attributes: str, *, closing: bool) -> None:
    if name == "br":
        page.break_line()
    elif name in {"td", "th"}:
        page.write(" ")
    elif name in _BLOCKS:
        page.end_line(blank=name in _PARAGRAPHS)
    if name == "li" and not closing:
        page.write("- ")
    if closing:
        _close(page, name)
    elif name in {"div", "blockquote", "table", "p"} and len(page.open_tags) < _MAX_DEPTH:
        quoted = _is_quote(name, attributes)
        page.open_tags.append((name, quoted))
        page.quotes += quoted


def _close(page: _Page, name: str) -> None:
    if not any(opened == name for opened, _ in page.open_tags[-30:]):
        return
    while page.open_tags:
        opened, quoted = page.open_tags.pop()
        page.quotes -= quoted
        if opened == name:
            return


def _is_quote(name: str, attributes: str) -> bool:
    found = {m[0].lower(): m[1] or m[2] or m[3] for m in _ATTRIBUTE.findall(attributes)}
    marks = f"{found.get('class', '')} {found.get('id', '')}".lower().split()
    if _QUOTE_MARKS.intersection(marks):
        return True
    # Gmail's "indent more" is a blockquote too, but it holds the sender's own words.
    return name == "blockquote" and not ("type" not in found and _INDENT_ONLY.search(found.get("style", "")))


def _without_hidden(source: str) -> str:
    for start_mark, end_mark in _HIDDEN:
        kept: list[str] = []
        position = 0
        while start := start_mark.search(source, position):
            end = end_mark.search(source, start.end())
            if end is None:
                break  # never closed: better a line of rubbish than the sender's words lost
            kept.append(source[position : start.start()])
            position = end.end()
        source = "".join(kept) + source[position:]
    return source
