"""How mail programs mark quoted text and people end their letters, in the languages of our customers."""

from __future__ import annotations

import re

#: A quoted line; people's own arrows ("-> paid") do not match.
QUOTED_LINE = re.compile(r"^[ \t]{0,3}>")
#: Where somebody has left out a part of the quotation.
LEFT_OUT = re.compile(r"(?i)^\s{0,3}\[(?:\.{3}|\u2026|snip|gekürzt|schnipp|coupé|recortado|omissis)\]\s*$")

_WROTE = (
    r"wrote|schrieb|hat .{0,60}geschrieben|a écrit|a ecrit|escribió|escribio|schreef|heeft .{0,200}geschreven|"
    r"ha scritto|escreveu|skrev|"
    r"napisał\(a\)|napisał|kirjoitti|yazd\u0131|写道|書きました|のメッセージ"
)
#: "On Tue, 3 Nov 2026 at 10:04, Ellen Marsh <accounts@…> wrote:" in one line or joined from two or three.
ATTRIBUTION = re.compile(
    rf"^(?=.{{0,200}}\d)(?:(?:on|am|le|el|op|il|em|den|på|w dniu|dnia|vào)\b.{{5,300}}(?:{_WROTE}).{{0,120}}:"
    rf"|[^:]{{2,120}}(?:{_WROTE})\b.{{0,80}}\d.{{0,60}}:"
    r"|.{6,200}<[^<>\s]{3,100}@[^<>\s]{3,100}>.{0,20}:)\s*$",
    re.IGNORECASE,
)
#: The same without any date ("On Monday Ellen wrote:", "Zitat von Ellen:"): enough when marked lines follow.
WROTE = re.compile(
    rf"(?:{_WROTE}|^(?:zitat von|quoting|citando a?|citation de|citaat van)\b).{{0,120}}:\s*$", re.IGNORECASE
)
#: Zoho's: "---- On Tue, 3 Nov 2026 10:04:00 +0100 Ellen Marsh <accounts@…> wrote ----".
_DASHED = re.compile(r"^-{3,20}+ {0,4}([^\s-].{5,300}?) {0,4}-{3,20}$")
_ATTRIBUTION_WORD = re.compile(r"(?i)(?:on|am|le|el|op|il|em|den|på|w dniu|dnia|vào)\b")
_DIGIT = re.compile(r"\d")
_ANGLE = re.compile(r"<[^<>\s]{3,100}@")

_FROM = r"from|von|de|van|da|från|fra|od|lähettäjä|kimden|差出人|gönderen"
_OTHERS = (
    r"sent|date|to|cc|subject|gesendet|datum|an|kopie|betreff|envoyé(?: le)?|date|à|objet|enviado(?: el)?|fecha|"
    r"para|asunto|"
    r"verzonden|aan|onderwerp|inviato|data|a|oggetto|skickat|till|ämne|sendt|til|emne|wysłano|do|temat|lähetetty|"
    r"vastaanottaja|aihe|gönderilme tarihi|kime|konu|送信日時|宛先|件名|assunto|antwort an|reply-to"
)
HEADER_FROM = re.compile(rf"(?i)^[*_\s]{{0,4}}(?:{_FROM})[*_\s]{{0,4}}[:\uff1a][*_\s]{{0,4}}\S")
HEADER_OTHER = re.compile(rf"(?i)^[*_\s]{{0,4}}(?:{_OTHERS})[*_\s]{{0,4}}[:\uff1a]")
#: The same, with the words that tell it from a rule.
ORIGINAL = re.compile(r"(?i)^\s{0,3}-{3,20} ?[^\W\d_].{3,60}-{3,20}\s{0,3}$")
#: "-----Original Message-----", "---------- Forwarded message ---------", a long rule, "Begin forwarded message:".
SEPARATOR = re.compile(
    r"(?i)^\s{0,3}(?:[-_]{10,}|-{3,}[ ]?[^\W\d_](?:[^-\n]|-(?!-)){3,60}-{3,}|begin forwarded message:|"
    r"anfang der weitergeleiteten (?:nachricht|e-mail):|début du message (?:transféré|réexpédié) ?:|"
    r"inicio del mensaje reenviado:|inizio messaggio inoltrato:|begin doorgestuurd bericht:)\s{0,3}$"
)


#: Some programs write the block below such a line without colons: 'From "Ellen Marsh" <accounts@…>'.
HEADER_BARE = re.compile(rf"(?i)^[*_\s]{{0,4}}(?:{_FROM}|{_OTHERS})[ \t]{{1,4}}\S")


#: Below a rule help desks say who wrote when: "Ellen Marsh, Oct 19, 2026, 02:12 MDT".
SAID_AT = re.compile(r"^.{0,60}\b\d{4},? .{0,6}\d{1,2}:\d\d\b.{0,20}$")


def undashed(line: str) -> str:
    """Return a line between dashes as an attribution that ends with a colon; any other line as it is."""
    found = _DASHED.match(line)
    return f"{found[1]}:" if found else line


def begins_attribution(line: str) -> bool:
    """Whether a line has what such a line has; most have not and need no further look."""
    return bool(_ATTRIBUTION_WORD.match(line) or _DIGIT.search(line) or ("@" in line and _ANGLE.search(line)))


def may_be_header(line: str) -> bool:
    """Whether a line has what a header, or the rule above a block of them, cannot be without."""
    return ":" in line or "\uff1a" in line or line.lstrip()[:1] in {"-", "_"}


_CLOSING_EN = (
    r"(?:with )?(?:kind(?:est)?|best|warm(?:est)?|many)? ?regards?|best(?: wishes)?|all (?:the )?best|cheers|"
    r"sincerely|yours(?: sincerely| faithfully| truly)?|yours ever|respectfully|cordially|take care|warmly|rgds|"
    r"thx|(?:many )?thanks(?: again| in advance| and .{3,20})?|thank you|"
    r"(?:merry|happy) (?:christmas|holidays|new year)"
)
_CLOSING_DE = (
    r"mit (?:freundlichen?|besten?|herzlichen?|lieben?) gr(?:ü|ue)(?:ß|ss)en?.{0,25}|(?:freundliche|beste|liebe|"
    r"viele|schöne|herzliche)r? gr(?:ü|ue)(?:ß|ss)e.{0,25}|gr(?:ü|ue)(?:ß|ss)e?|gru(?:ß|ss)(?: [^\W\d_]{2,20})?|"
    r"(?:mit vorzüglicher )?hochachtung(?:svoll)?|mfg|lg|vg|"
    r"(?:besten|vielen|herzlichen|lieben) dank(?: im voraus)?|schönen? (?:tag|abend|feierabend|woche(?:nende)?)"
)
_CLOSING_FR = (
    r"(?:bien )?cordialement|(?:sinc[èe]res |meilleures )?salutations.{0,20}|bien à vous|cdlt|"
    r".{0,80}(?:sentiments|salutations) (?:distingué|les meilleur|respectueu|les plus)\w*.{0,20}|"
    r"bonne (?:journée|soirée|réception)|merci(?: d'avance| à vous| beaucoup)?"
)
_CLOSING_ES = (
    r"(?:un )?(?:cordial(?:es)? )?saludos?(?: cordiales)?|atentamente|cordialmente|un abrazo|"
    r"feliz (?:día|navidad)|(?:muchas )?gracias(?: de antemano)?"
)
_CLOSING_NL = r"(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|groet(?:en|jes)?|hoogachtend|mvg|alvast bedankt"
_CLOSING_IT = (
    r"(?:cordiali|distinti) saluti|saluti|un cordiale saluto|buona (?:giornata|serata)|"
    r"grazie(?: mille| in anticipo)?"
)
_CLOSING = rf"{_CLOSING_EN}|{_CLOSING_DE}|{_CLOSING_FR}|{_CLOSING_ES}|{_CLOSING_NL}|{_CLOSING_IT}"
#: The end of a letter, in one language or two ("Regards / groet,"). What follows in the same paragraph is the name.
CLOSING = re.compile(rf"(?i)^\s{{0,3}}(?:[^\W\d_]{{3,20}} ?/ ?)?(?:{_CLOSING})(?: ?/ ?[^/\n]{{3,30}})?[ ,.!]{{0,3}}$")
#: The beginning of a letter, and the things people say on one line of their own.
GREETING = re.compile(
    r"(?i)^\s{0,3}(?:dear|hi|hello|hey|hiya|good (?:morning|afternoon|evening|day)|to whom|sehr geehrte|guten|hallo|"
    r"liebe|moin|servus|grüezi|bonjour|bonsoir|madame|monsieur|chère?|hola|buen|estimad|beste|geachte|goede|dag|"
    r"buongiorno|buonasera|gentil|egregi|salve|ciao|spett)"
)
#: What is said to whoever reads it.
TO_ANYBODY = re.compile(
    r"(?i)^\s{0,3}(?:sehr geehrte damen und herren|dear (?:sirs?(?: or madam|/madam)?|all|team|colleagues?)|"
    r"to whom it may concern|madame,? monsieur|mesdames,? messieurs|messieurs|geachte (?:heer/mevrouw|heren|relatie)|"
    r"gentili signori|estimad[oa]s (?:señor\w+|sres)\.?)\W{0,4}$"
)
DEVICE = re.compile(
    r"(?i)^\s{0,3}(?:sent (?:from|via|with) (?:my |the (?:all[- ]new|new) |outlook|mail|gmail|"
    r"yahoo|proton|samsung|a (?:phone|mobile|tablet|samsung|galaxy|blackberry|handheld))|"
    r"get outlook for|"
    r"von mein(?:em|er)(?:/meine[mr])? .{3,40} gesendet|gesendet (?:von|mit|über)|"
    r"diese nachricht wurde von .{3,60} gesendet|"
    r"outlook für .{2,20} (?:beziehen|herunterladen)|envoyé (?:de|depuis) (?:mon|ma|l)|"
    r"enviado (?:desde|do) (?:mi|meu)|inviato (?:da|dal) |verstuurd vanaf|verzonden (?:vanaf|met)|skickat från)"
)
DISCLAIMER = re.compile(
    r"(?i)confidential|privileged|intended (?:only |solely )?for|intended recipient|if you (?:have received|are not)|"
    r"vertraulich|rechtlich geschützt|nicht der richtige adressat|confidentiel|confidencial|riservat|vertrouwelijk|"
    r"think before (?:you )?print|please consider the environment|"
    r"registered (?:office|in [^.\n]{0,40}(?:\bno\b|number|\d{5}))|company (?:no|number)"
)
#: Lines that say how to reach somebody, and nothing else.
CONTACT = re.compile(
    r"(?i)(?:\+|\b00)\d[\d ()/.-]{6,}|\b(?:tel|t|ph|phone|mob|mobile|m|fax|f|dw|durchwahl|ext|direct|office|"
    r"cell)\b[.: ]{1,3}"
    r"[+(]?\d[\d ()/.-]{3,}|\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b|[\w.+-]{1,64}@[\w-]{1,60}\.\w|\b(?:www\.|https?://)\S|"
    r"\b(?:hrb|ust-?id|uid|vat|iban|amtsgericht|geschäftsführer(?:in)?:|registered|fn \d)|"
    r"\b[a-z]{1,2}-\d{4,5} [^\W\d_]|\b\d{5} [A-ZÄÖÜ]|(?-i:\b\d{4} [A-Z]{2}\b)|"
    r"\b[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}\b|^\W{0,3}\(?\d[\d ()/.-]{7,20}\d\W{0,3}$|"
    r"(?<![\d.,/-])0\d{2,4}[ /-]\d{3,4}[ -]\d{3,4}\b"
)
#: What the law wants below a firm's letters: registers, managers, tax numbers, capital.
REGISTER = re.compile(
    r"(?i)\b(?:hr[ab] ?\d|handelsregister|registergericht|amtsgericht [^\W\d_]|sitz der gesellschaft|vorstand:|"
    r"aufsichtsrat:|"
    r"geschäftsführ\w{1,6}:|persönlich haftende|ust-?id\S{0,4}\W{0,3}[a-z]{0,2}\d|firmenbuch|atu\d|che-\d|"
    r"(?:kvk|btw|siret|siren|tva|p\.? ?iva|c\.f\.|rea|cif|nif|vat|abn|acn)(?: ?(?:nr|no|n°|nummer|e c\.f)\.?)?"
    r"\W{0,4}(?:[a-z]{1,2}[ -]?)?\d{4}|rcs [^\W\d_]|capital (?:social )?de \d|cap\. ?soc|rfc [a-z]{3,4}\d|"
    r"registro mercantil|"
    r"registered (?:in|office|charity|company)|company (?:no|reg)\b)"
)
#: Which firm it is.
FIRM = re.compile(
    r"(?i)\b(?:gmbh|ag|ohg|kg|ug|e\.k\.|ltd|limited|llp|llc|plc|inc|corp|s\.?a\.?r?\.?l?|sas|b\.?v|n\.?v|s\.?r\.?l|"
    r"s\.?p\.?a|s\.l|c\.v)\b\.?"
)
TITLE = re.compile(
    r"(?i)\b(?:accounts?(?: payable)?|accounting|accountant|finance|financial|controller|director|manager|assistant|"
    r"clerk|officer|owner|partner|proprietor|bookkeep\w+|treasur\w+|purchas\w+|procurement|payable|head of|team|"
    r"department|dept|ceo|cfo|president|administrator|coordinator|specialist|analyst|buchhaltung|"
    r"\w*buchhaltung|leit(?:er|ung)\w*|inhaber\w*|geschäftsleitung|sachbearbeit\w+|einkauf|rechnungswesen|sekretariat|"
    r"comptab\w+|directe?ur|directrice|gérante?|responsable|administraci[óo]n|contabilidad|gerente|administratie|"
    r"boekhouding|directeur|amministrazione|contabilit[àa]|titolare)\b"
)


_NO_LETTER = re.compile(r"[\W_]+")
_NO_LETTER_BUT_ENDS = re.compile(r"[^\w\n]+|_+")
#: The same for what is ASCII only.
_ASCII_BUT_LETTERS = bytes(one for one in range(128) if chr(one) != "\n" and not chr(one).isalnum())


def letters_of(text: str) -> str:
    """Return the letters and digits of a text, in small letters."""
    return _NO_LETTER.sub("", text.casefold())


def letters_of_lines(lines: list[str]) -> list[str]:
    """Return the letters of each line: all lines at once, since a substitution costs more than what it does."""
    small = "\n".join([line.replace("\n", " ") for line in lines]).casefold()  # the last one may be all that is left
    if small.isascii():
        return small.encode().translate(None, _ASCII_BUT_LETTERS).decode().split("\n")
    return _NO_LETTER_BUT_ENDS.sub("", small).split("\n")
