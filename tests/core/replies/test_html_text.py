from __future__ import annotations

import pytest

from mailer.replies.html_text import text_from_html


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br/><br>three", "one\ntwo\n\nthree"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<div>one</div><div>&nbsp;</div><div>two</div>", "one\n\ntwo"),
        ("a &amp; b &lt;c&gt; &pound;5", "a & b <c> £5"),
        ("<style>p{}</style><script>alert('x')</script><title>t</title>words", "words"),
        ("before<!-- hidden -->after", "beforeafter"),
        ("<!--[if mso]><p>office</p><![endif]-->seen", "seen"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("<table><tr><td>INV-1</td><td>100.00</td></tr><tr><td>INV-2</td></tr></table>", "INV-1 100.00\nINV-2"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("mine<blockquote type='cite'>theirs<br>more</blockquote>mine too", "mine\n> theirs\n> more\nmine too"),
        ("<blockquote>outer<blockquote>inner</blockquote></blockquote>", "> outer\n> inner"),
        ('<blockquote style="margin:0 0 0 40px;border:none;padding:0px">indented</blockquote>', "indented"),
        ('<div class="gmail_attr" dir="ltr">On Monday X wrote:</div>x', "> On Monday X wrote:\nx"),
        ("<div id=yahoo_quoted><p>old</p></div>new", "> old\n>\nnew"),
        ("</div></blockquote>stray ends", "stray ends"),
        ("<style>never closed", "<style>never closed".replace("<style>", "")),
        ("<p>   many \n  spaces   </p>", "many spaces"),
    ],
)
def test_lines_quotes_and_words_survive(source: str, text: str) -> None:
    assert text_from_html(source) == text


def test_a_quote_deeper_than_anyone_writes_stays_bounded() -> None:
    assert text_from_html("<div>" * 5_000 + "deep" + "</div>" * 5_000) == "deep"
