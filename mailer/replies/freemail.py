"""Mail domains that belong to nobody in particular: sharing one says nothing about who somebody works for."""

from __future__ import annotations

_FREEMAIL = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com rocketmail.com aol.com"
    " icloud.com me.com mac.com protonmail.com proton.me pm.me gmx.com gmx.net gmx.de gmx.at gmx.ch web.de t-online.de"
    " freenet.de arcor.de mail.de posteo.de mailbox.org online.de email.de vodafone.de orange.fr wanadoo.fr free.fr"
    " laposte.net sfr.fr neuf.fr bbox.fr libero.it virgilio.it tiscali.it alice.it tin.it hotmail.it ziggo.nl"
    " kpnmail.nl"
    " planet.nl xs4all.nl hetnet.nl telenet.be skynet.be proximus.be telefonica.net terra.es bluewin.ch"
    " sunrise.ch aon.at"
    " chello.at btinternet.com btopenworld.com sky.com virginmedia.com talktalk.net ntlworld.com blueyonder.co.uk"
    " comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net rogers.com shaw.ca"
    " bigpond.com optusnet.com.au mail.com email.com zoho.com fastmail.com fastmail.fm hey.com tutanota.com"
    " tuta.io mail.ru"
    " yandex.ru yandex.com qq.com 163.com 126.com naver.com wp.pl o2.pl onet.pl interia.pl seznam.cz centrum.cz".split()
)
_FAMILIES = ("yahoo.", "hotmail.", "live.", "outlook.", "gmx.", "ymail.")


def is_freemail(domain: str) -> bool:
    """Whether anybody may have an address there."""
    lowered = domain.lower()
    return not lowered or lowered in _FREEMAIL or lowered.startswith(_FAMILIES)
