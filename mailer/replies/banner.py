"""What mail systems put above a mail from outside: "CAUTION: This email originated from outside of the organization".

Gateways add it to everything that comes in, in their own words and nobody's: it is no part of what the sender wrote.
It is known at the head of a mail only, by its first line; what follows in the same paragraph belongs to it as long as
it goes on about senders, links and attachments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailer.replies.zone_marks import GREETING

#: No banner reaches further.
MOST_LINES = 12
_MAX_LINE_CHARS = 400
#: Signs around a banner, and the words that call for care.
_CARE = (
    r"caution|warning|attention|alert|notice|security (?:notice|warning)|achtung|vorsicht|warnung|hinweis|prudence|"
    r"avertissement|precauci[oó]n|atenci[oó]n|aviso|advertencia|attenzione|avviso|let op|waarschuwing|pas op"
)
_OPENING = (
    r"(?:\s{0,3}\[\w{3,10}\] )?[\s*>|\[\](){}!\u26a0\ufe0f\u2022=_~#-]{0,20}"
    rf"(?:(?:{_CARE})[\s*:!.,\u2013-]{{1,6}}){{0,2}}"
)
_MAIL = (
    r"(?:this|diese|dieses|ce|cette|cet|este|esta|questo|questa|deze|dit)[ -]+"
    r"(?:e-?mail|mail|message|nachricht|courriel|mensaje|correo(?: electr[oó]nico)?|messaggio|bericht)"
)
_CAME = (
    r"(?:originat\w+|(?:comes?|came|is|was|has been)(?: sent| received)?|sent|received|stammt|kommt|kam|wurde|ist|"
    r"provient|vient|a (?:été|ete)|est|proviene|procede|se origin\w+|ha sido|fue|viene|(?:è|e) stata?|komt|"
    r"is afkomstig|werd)"
)
#: Between that and "outside": from whom, never to whom.
_OF = (
    r"(?: (?:from|by|of|someone|somebody|sources?|an?|the|von|vom|aus|einem|einer|de|d.une?|par|une?|personne|da|dal|"
    r"un|van|een|desde|expéditeur|remitente|mittente|afzender|sent|received|est|is)){0,8}"
)
_OUTSIDE = (
    r"(?:l.|dall.)?(?:outside|extern(?:al|e[nrs]?|[oa])?|au(?:ß|ss)erhalb|ext[ée]rieure?|fuera|estern[oa]|buiten)"
)
_EXTERNAL = r"(?:external|extern[eo]?|esterno)"
_WHO = (
    r"(?:e-?mail|mail|sender|message|absender|nachricht|courriel|correo|mensaje|expéditeur|mittente|afzender|bericht)"
)
#: What ends a short banner, or goes on with what not to do.
_AND_THEN = r"[\s*\]:!.,)|_-]{0,6}(?:$|(?:do not|don.t|be careful|please|use caution|caution|bitte|ne |no |non )\b)"
_BANNER = re.compile(
    rf"(?i)^{_OPENING}(?:{_MAIL} {_CAME}{_OF} {_OUTSIDE}\b(?! (?:auditors?|accountants?|counsel))"
    rf"|{_WHO} {_EXTERNAL} (?:all|à |a |an |to )"
    rf"|{_EXTERNAL}[ -]{_WHO}{_AND_THEN}|{_WHO} {_EXTERNAL}{_AND_THEN}|(?<=[\[(*]){_EXTERNAL}[\s*\])]{{1,6}}$"
    r"|(?:some people who received this message )?(?:you )?don.t often get email from\b"
    r"|sie erhalten nicht (?:oft|häufig) e-?mails? von\b"
    r"|vous (?:n.obtenez|ne recevez) pas souvent d[e'\u2019] ?(?:e-?mails?|courriers?|courriels?)\b"
    r"|no suele recibir correos?(?: electrónicos?)? de\b"
    r"|non si riceve spesso (?:un messaggio di posta elettronica|posta elettronica|messaggi|e-?mail) da\b"
    r"|u (?:ontvangt|krijgt) niet vaak e-?mail(?:berichten)? van\b"
    r"|zjqcmqry)"
)
#: What banners go on about.
_ABOUT = re.compile(
    r"(?i)\b(?:links?|attachments?|sender|recogni[sz]e|content is safe|phish\w*|suspicious|spam|credentials|password|"
    r"anh[aä]nge|absenders?|pièces jointes|liens?|expéditeur|enlaces|adjuntos|remitente|allegati|"
    r"collegamenti|mittente|koppelingen|bijlagen?|afzender|it department|help ?desk|organi[sz]ation|aka\.ms|"
    r"report suspicious|zjqcmqry\w*)"
)
#: So much of that a new sentence must say, for it may be the sender's first: "Please see the attachment."
_OF_NEXT_SENTENCE = 2
#: What help desks put above the letter of their agent: a mark, that something is new, who wrote when.
_DESK = re.compile(r"##-? .{5,120} -?##")
_DESK_LINE = re.compile(
    r"(?i)(?:your request .{0,40}updated|to add (?:additional )?comments|"
    r".{0,80}\b\d{4},? .{0,6}\d{1,2}:\d\d\b.{0,20}$|"
    r"[^\W\d_][^.:!?]{1,30}\([^)]{2,40}\)$)"
)
_RULE = re.compile(r"^[\s*=_~#-]{3,}$")


def banner_lines(lines: Sequence[str]) -> int:
    """Return how many lines at the head of a mail are such a banner, blank ones and rules between them included."""
    end, enough, is_desk = 0, 0, False
    for number, line in enumerate(lines[:MOST_LINES]):
        text = line[:_MAX_LINE_CHARS].strip()
        if not text:
            enough = 0
        elif is_of_desk(text) or (is_desk and _DESK_LINE.match(text) and not GREETING.match(text)):
            is_desk, end = True, number + 1
        elif _BANNER.match(text) or (end and _RULE.match(text)) or (enough and len(_ABOUT.findall(text)) >= enough):
            end = number + 1
            enough = _OF_NEXT_SENTENCE if text.endswith((".", "!", "]", "*")) else 1
        else:
            break
    return end


def is_of_desk(line: str) -> bool:
    """Whether a line is the mark above which answers to a help desk are to be written."""
    return bool(_DESK.fullmatch(line.strip()))
