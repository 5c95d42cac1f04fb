"""Why a mail was not delivered, from the code (RFC 3463) and the words of the server that refused it.

Words decide before codes: servers use 5.1.1, 5.7.1 and 5.0.0 for nearly everything. What is not plain is UNCLEAR, which
a person reads; an address is blamed only when somebody says that it does not exist.
"""

from __future__ import annotations

import re

from mailer.domain.reading import FailureCause

_GREYLIST = re.compile(r"grey-?list|gray-?list|postgrey", re.IGNORECASE)
#: The system behind the address is at fault, or reached us by a way of its own: nothing of ours to mend.
_THEIR_SYSTEM = re.compile(
    r"relay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed)|prohibited)|unable to relay|hop count|"
    r"too many hops|mail loop|routing loop|loops? back to|(?:message|size) .{0,40}(?:too large|too big|exceeds)|"
    r"exceeds? .{0,30}size|internal senders|sender not authenticated (?:for|to) (?:group|send to)|"
    r"SenderNotAuthenticated|SenderNotInAllowed|only accepts messages from|allowed rcpthosts|"
    r"not (?:authorized|allowed|permitted) to (?:send (?:messages? |mail )?to|post)|permission to post|members-only",
    re.IGNORECASE,
)
#: About us: what we send, from where, and whether it is proven to be ours.
_ABOUT_US = re.compile(
    r"\bspam\b|spamhaus|spamcop|barracuda|proofpoint|black-?list|black list|block-?list|block list|\b(?:dns|r)bl\b|"
    r"reputation|dmarc|dkim|\bspf\b|unauthenticated|unsolicited|user complaints|bulk mail|phish|"
    r"is not authorized to send|not authorized to send (?:email|mail)? ?directly|"
    r"authentication (?:checks?|information)|sender (?:address )?(?:rejected|verif)|"
    r"(?:reverse|ptr|invalid) dns|reverse lookup|does not resolve|"
    r"invalid dns mx|sending (?:domain|ip|limit)|client host .{0,60}(?:blocked|rejected)|banned sending|"
    r"sender verify failed|verification failed for|(?:cannot|could not) find your (?:reverse )?hostname|anti-?spoof|"
    r"max defers and failures|(?:sending|sender|outgoing|outbound|hourly|daily) .{0,20}limit|outbound sender|"
    r"(?:account|sender) .{0,20}suspended .{0,20}(?:for )?sending|"
    r"poor sender|unusual rate|ask your postmaster|postmaster\.(?:gmx|web|1und1|t-online|yahooinc|aol)",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"quota|mailbox (?:is |was )?full|over ?quota|insufficient (?:system )?(?:storage|disk)|storage (?:limit|exceeded)|"
    r"out of storage|postfach (?:ist )?voll|bo[îi]te .{0,20}pleine|buz[óo]n lleno|try again later|temporar|"
    r"timed? ?out|connection (?:refused|reset|lost)|rate limit|too many (?:connections|messages|recipients)|"
    r"no answer from host|deferred|too much mail|have been failing for a long time|in the queue too long|"
    r"establish an smtp connection|could not connect|not responding|"
    r"(?:receiving|receives) .{0,40}(?:rate|too (?:much|quickly))",
    re.IGNORECASE,
)
#: Could be said of an unknown recipient too, so "nobody there" beside it wins.
_POLICY = re.compile(
    r"block(?:ed)?\b|polic(?:y|ies)|content (?:rejected|not)|virus|malware|prohibition|\[?access denied\]?|"
    r"message (?:was )?(?:rejected|refused)|not accepted from|administratively|suspicious",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"(?:user|account|mailbox|recipient|address|local part)s?(?: name)?(?: is| was)? (?:unknown|not found|"
    r"not known|unavailable|not available|"
    r"invalid|disabled|inactive|closed|deactivated|does ?n[o']t exist|\S{0,80} ?not listed)|"
    r"unknown (?:user|recipient|address|local)|"
    r"no such (?:user|mailbox|recipient|address|person|account|domain)|(?:does not|doesn't|not) (?:exist|"
    r"have an? .{0,20}account)|RecipientNotFound|not listed in|"
    r"invalid (?:recipient|mailbox|address|user)|no mailbox|"
    r"not (?:a )?(?:valid|known) (?:user|recipient|mailbox|address)|"
    r"host (?:or domain name )?(?:unknown|not found)|unknown host|domain (?:name )?not found|unrouteable|nxdomain|"
    r"no longer (?:available|valid|in use|active|with)|couldn't be found|wasn't found|user not found|not our customer|"
    r"recipient .{0,80}(?:not found|unknown)|unbekannt|existiert nicht|n['\u2019]existe (?:pas|plus)|no existe|"
    r"inesistente|non esiste|user (?:has )?moved|user not local|"
    r"bestaat niet|nicht gefunden|has suppressed sending|suppression list|previously bounced|"
    r"no (?:longer )?accepts? mail|nullmx|does not accept mail",
    re.IGNORECASE,
)
#: Enhanced codes (RFC 3463, RFC 7505) that say: nobody there, and that will not change. 5.1.7 and 5.1.8 mean us.
_GONE_CODES = re.compile(r"5\.1\.(?:0|1|2|3|4|6|9|10)|5\.2\.1|5\.4\.4|5\.4\.310|5\.7\.(?:510|520)")
#: Authentication, reputation and policy of the sender (RFC 7372, Google's and Microsoft's own).
_OUR_CODES = re.compile(
    r"[45]\.7\.(?:20|21|22|23|24|25|26|27|28|29|30|32|40|60|350|501|502|503|508|509|511|515|606|7\d\d)"
)

#: What is said of "the address" under these is said of ours, the sender's (RFC 3463 §3.2).
_SENDER_CODES = frozenset({"5.1.7", "5.1.8"})
#: Cisco's mail gateways put these words before whatever the other server said.
_WRAPPER = re.compile(r"unknown address error", re.IGNORECASE)

_SAID = {
    FailureCause.ADDRESS: "no such address",
    FailureCause.PASSING: "full or for the moment",
    FailureCause.SETUP: "refused by policy: check our own set-up",
    FailureCause.UNCLEAR: "reason not understood",
}


def cause_of(code: str, words: str) -> FailureCause:
    """Return why: `code` is the enhanced status code ("" when there was none), `words` the server's own."""
    words = " ".join(_WRAPPER.sub("", words).split())  # diagnostics are folded anywhere
    if _GREYLIST.search(words):
        return FailureCause.PASSING
    if _THEIR_SYSTEM.search(words):
        return FailureCause.UNCLEAR
    nobody = bool(_NOBODY.search(words))
    names_nobody = nobody and code.startswith("5.1") and code not in _SENDER_CODES
    if (_ABOUT_US.search(words) or _OUR_CODES.fullmatch(code)) and not names_nobody:
        return FailureCause.SETUP
    if _PASSING.search(words):
        return FailureCause.PASSING
    if code.startswith("5.4.1") and re.search("access denied", words, re.IGNORECASE):
        return FailureCause.ADDRESS  # how Exchange Online refuses an unknown recipient
    if _POLICY.search(words) and not names_nobody:
        return FailureCause.SETUP
    if code.startswith("4."):
        return FailureCause.PASSING
    return FailureCause.ADDRESS if nobody or _GONE_CODES.fullmatch(code) else FailureCause.UNCLEAR


def failure_words(code: str, cause: FailureCause, words: str) -> str:
    """Return one line for people: the code, what it means, and the server's own words."""
    return f"{code or 'no code'}: {_SAID[cause]}; {' '.join(words.split())[:300]}"
