"""What a person should know of a mail whatever it asks for: tone, an admission, fraud, orders to a machine, privilege.

A flag changes nothing by itself. Each has the words that show it: an admission can restart limitation, so its exact
place matters. Patterns are without accents and cover six languages at once; words of one are seldom words of another.
"""

from __future__ import annotations

import re

from mailer.domain.reading import Evidence
from mailer.replies.lookouts import Lookout, words_in
from mailer.replies.passage import MAX_OWN_CHARS, folded
from mailer.replies.patterns import Patterns, any_of
from mailer.replies.phrases import searchable

_CALM = re.compile(r"\b(?:not|no|nicht|kein\w*|pas|niet|non|never|without)\b[^.!?\n]{0,12}$")
_HOSTILE = (
    r"disgrace\w*|outrag\w+|harass\w*|pester\w*|sue (?:me|us)|see you in court|joke of a|rip-?off|scam(?:mers)?|"
    r"crooks?|"
    r"how dare you|astonishing|sick (?:and tired|of)|fed up|last (?:time|warning|chance)|paperweight|stop (?:bothering|"
    r"hounding|chasing|badgering)|get lost|shove|bloody|ridiculous|pathetic|appalling|insult\w*|threaten\w*|bully\w*|"
    r"bullying|"
    r"not a (?:penny|cent|dime)|leave (?:me|us) alone|"
    r"letzte warnung|unverschamt\w*|frechheit|belastig\w*|sauerei|abzocke\w*|betruger\w*|lacherlich\w*|unfassbar|"
    r"dreist\w*|"
    r"keinen cent|lassen sie (?:mich|uns) in ruhe|anzeige (?:wegen|erstatten)|zumutung|reicht(?:'s| es) (?:mir|uns)|"
    r"(?:pas|plus) un (?:centime|sou)|harcel\w*|culott?e?\w*|scandal\w*|inadmissible|honteu\w*|derniere fois|"
    r"ras-le-bol|"
    r"ridicule|insupportable|fichez|foutez|voleurs|escrocs|marre de|faut le dire en quelle langue|"
    r"ni un (?:euro|peso|centimo|duro)|verguenza|sinverguenz\w*|chapuza|dejen(?:me|nos) de molestar|acoso|acosando|"
    r"ladrones|estafa\w*|hart[oa]s? de|nos vemos en (?:el juzgado|los tribunales)|"
    r"hou (?:nou|nu) eens op|val .{0,20}lastig|belachelijk|schandalig\w*|schande|oplichter\w*|geen cent|laat (?:me|"
    r"ons) met rust|"
    r"laatste waarschuwing|brutaal|onbeschoft|"
    r"adesso basta|ora basta|vergogn\w*|faccia tosta|non (?:vi|le) (?:daro|diamo) un (?:soldo|euro)|ladri|truffatori|"
    r"(?:di|smettete di|smettetela di) molest\w+|ridicol\w+|vi diffid\w+|scandalos\w*|in tribunale"
)
_ADMITS = (
    r"(?:we|i) (?:do |know (?:that )?(?:we|i) (?:do )?|fully |certainly |freely )?owe (?:it|you|this|that|the|all|"
    r"them|£|€|\$|\d)|"
    r"(?:we|i)(?:'re| are|'m| am) not (?:arguing|disputing|denying|contesting)|not disputing|(?:we|i) do(?:n't|"
    r" not) (?:dispute|deny|contest)|"
    r"(?:we|i) (?:admit|acknowledge|accept|recogni[sz]e) (?:the|that|this|our|your) (?:debt|amount|invoice|balance|"
    r"sum|bill|claim|we)|"
    r"(?:we|i)(?:'ve| have)? (?:\w+ ){0,3}owe (?!nothing|you nothing|no )|(?:we|i) agree (?:that )?(?:the|your|this|"
    r"it is|with the) (?:balance|amount|debt|sum|invoice|owed)|"
    r"(?:balance|invoice|amount) is (?:agreed|valid|in order|ours to pay)|nothing wrong with (?:the|your) (?:invoice|"
    r"work|goods)|"
    r"schulden? (?:\w+ ){0,3}(?:ihnen|euch)|(?:ihnen|euch) (?:\w+ ){0,4}schulde[nt]?|(?:rechnung|betrag|"
    r"forderung) (?:ist|geht) (?:\w+ )?(?:korrekt|richtig|offen und|in ordnung)|"
    r"(?:vous|te) (?:\w+ )?(?:dois|devons)|(?:facture|montant|somme) est (?:bien )?(?:correcte?|exacte?|justifiee?|"
    r"due)|"
    r"(?:les|le|os|te) (?:\w+ )?(?:debo|debemos|adeud\w+)|la (?:factura|deuda) es (?:correcta|nuestra|legitima)|"
    r"(?:ben|zijn|is) (?:\w+ ){0,4}(?:schuldig|verschuldigd)|(?:vi|le|ti) (?:\w+ )?(?:devo|dobbiamo) (?!chieder|dire|"
    r"inform|segnal|comunic)|la fattura e (?:corretta|giusta)|"
    r"fair cop|is (?:legit|undisputed|rightly ours)|(?:invoice|one|rest) is (?:fine|correct|ours)|(?:debt|amount|"
    r"invoice|sum) is (?:due|"
    r"not in dispute|correct|right)|"
    r"you(?:'re| are) (?:quite |absolutely |entirely )?right|slipped (?:my|our|through)|my (?:fault|bad|mistake)|"
    r"our (?:fault|mistake|oversight)|(?:completely |totally |clean )?(?:forgot|overlooked|missed) (?:it|this|to pay|"
    r"your|the)|"
    r"ihnen (?:das |die .{0,20})?(?:schulde|zusteht|zustehen)|(?:bestreite\w*|bestreiten) (?:\w+ ){0,4}nicht|(?:ist|"
    r"sind) (?:unbestritten|berechtigt|in ordnung)|"
    r"(?:schuld|forderung|betrag) (?:ist |wird )?(?:anerkannt|anerkennen|erkennen)|erkennen? .{0,40}(?:forderung|"
    r"schuld|betrag).{0,10} an\b|"
    r"sie haben (?:ja |naturlich |vollkommen )?recht|durchgerutscht|untergegangen|vergessen zu (?:bezahlen|zahlen|"
    r"uberweisen)|lagen ganz unten|"
    r"(?:ne|n') ?(?:conteste|contestons|nie|nions) (?:\w+ ){0,2}(?:pas|rien|absolument)|(?:vous est|est bien|"
    r"vous sont) due?s?|je vous dois|nous vous devons|"
    r"reconnai\w+ (?:devoir|la dette|cette dette|notre dette|la creance)|vous avez (?:tout a fait )?raison|"
    r"oubli de notre part|"
    r"(?:se|les|le|os) (?:lo )?deb(?:o|emos)|(?:no|nunca) (?:lo |la )?(?:discut\w+|neg\w+|disput\w+)|"
    r"reconoc\w+ (?:la deuda|que|el importe)|tiene(?:n)? (?:toda la )?razon|se nos (?:ha pasado|paso|olvido)|"
    r"(?:ik|wij|we) (?:ben|zijn) (?:het|u|je) .{0,30}(?:schuldig|verschuldigd)|(?:betwist\w*|ontken\w*) .{0,20}niet|"
    r"(?:bedrag|factuur|rekening) (?:klopt|is terecht|is akkoord)|"
    r"u heeft (?:helemaal )?gelijk|je hebt gelijk|door (?:m'n|mijn|ons) hoofd geschoten|helemaal vergeten|"
    r"erken\w* .{0,30}(?:schuld|vordering)|"
    r"(?:vi|le) (?:dobbiamo|devo)|non (?:lo |la )?(?:contest\w+|neg\w+|discut\w+)|riconosc\w+ (?:il|di|la|che)|(?:ha|"
    r"avete) ragione|ci e sfuggit\w+|mi e sfuggit\w+|dimenticat\w+ di (?:pagar\w+|saldar\w+)"
)
_ACCOUNT = (
    r"(?:account|iban|bank(?:ing)?(?: details)?|konto|bankverbindung|compte|rib|cuenta|rekening|conto|sort code|"
    r"coordinate)"
)
_NEW_ACCOUNT = (
    rf"(?:new|different|other|another|below|neue[sn]?|andere[sn]?|nouveau|autre|nueva|otra|nieuwe?|andere?|nuov[oa]|"
    rf"altr[oa]) (?:\w+ )?{_ACCOUNT}|"
    rf"{_ACCOUNT}(?: \w+){{0,4}} (?:has |have |is |was |wurde |hat sich |ist )?(?:changed|under audit|geandert|"
    rf"gesperrt|change|gewijzigd|cambiad\w+|cambiat\w+|auditoria)|"
    rf"(?:new|changed?|updated?|revised|neue\w*|geandert\w*|nouve\w+|nuev\w+|nieuwe?|gewijzigd\w*|"
    rf"nuov\w+)\W+(?:\w+\W+){{0,5}}{_ACCOUNT}|"
    rf"{_ACCOUNT}\W+(?:\w+\W+){{0,5}}(?:new|changed?|updated?|neue\w*|geandert\w*|change\w*|nuev\w+|cambi\w+|"
    rf"gewijzigd\w*|nuov\w+)|"
    rf"chang\w+ (?:your|our|the) (?:remit-?to |bank )?{_ACCOUNT}|moved (?:your|our) bank\w*|cambiaron de banco|"
    rf"un {_ACCOUNT} en|un {_ACCOUNT} in|{_ACCOUNT} at a different bank"
)
_LURE = (
    r"refund|remit the (?:excess|sum)|by (?:our |your )?error|two times|duplicate|twice|audit|same day|do not call|"
    r"in meetings|kindly|"
    r"online banking login|verify your|immediate effect|confirm by return|"
    r"erstatten|doppelt|prufung|nicht an(?:rufen|zurufen)|ruckzahlung|"
    r"rembours\w+|en double|n'appelez pas|devolucion|no llamen|duplicado|urgente|terugbetal\w*|dubbel|niet bellen|"
    r"rimbors\w+|non chiam\w+|"
    r"(?:received|got|had) (?:an? )?(?:e-?mail|letter|message)|erhielten|erhalten|avons recu|nos llego|hemos recibido|"
    r"recibimos|kregen|ontvingen|ontvangen|"
    r"(?:e |abbiamo )?(?:arrivata|ricevuto)|on your letterhead|in (?:eurem|ihrem) namen|a vostro nome|fishy|"
    r"suspicious|verdachtig|phishing|fraude?|fake|scam|spoof\w*|genuine|legit\w*|purport\w*|claiming to be|pretending|"
    r"in your name|gefalscht\w*|betrug\w*|usurpation|arnaque|falso|suplant\w*|nep\w*|oplicht\w*|truffa|did you|"
    r"confirm whether|est-ce bien|es correcto"
)
_MACHINE = (
    r"(?:ignore|disregard|forget) (?:all |any |the )?(?:previous|prior|above|earlier) (?:instructions|prompts|rules)|"
    r"system (?:note|prompt|message|override)|"
    r"(?:ai|automated|virtual) (?:assistant|agent|system|reader)\b.{0,60}(?::|processing|treat|mark|must|please)|"
    r"(?:to|for) (?:the )?(?:ai|llm|bot|assistant|language model)\b|"
    r"mark .{0,60} as (?:paid|settled).{0,80}(?:reminders?|disable|suppress)|assistant\s?:|<\|?(?:system|im_start)|"
    r"ignori?er\w* (?:alle|samtliche|die) (?:bisherigen|vorherigen|vorigen) (?:anweisungen|instruktionen)|(?:an|"
    r"fur) (?:die|den) (?:ki|bot|assistent\w*)\b|"
    r"ignore[zr]? (?:toutes )?les instructions|(?:a l'attention|pour) (?:de )?l'(?:ia|assistant)|"
    r"ignor[ea]\w* (?:todas )?las instrucciones|(?:asistente|sistema) (?:de ia|automatic\w+|virtual)|"
    r"instruccion(?:es)? para (?:el|la) (?:asistente|ia|sistema)|"
    r"negeer (?:alle )?(?:eerdere|vorige) instructies|ignora\w* (?:tutte )?le istruzioni|(?:assistente|sistema) (?:ia|"
    r"automatico|virtuale)"
)
_PRIVILEGED = (
    r"without prejudice|save as to costs|subject to contract|not an admission|without (?:any )?admission|"
    r"off the record|strictly (?:private and )?confidential|"
    r"ohne (?:anerkennung|prajudiz|anerkenntnis|anerkennung einer rechtspflicht)|unprajudiziell|"
    r"(?:rein )?kulanzhalber|vertraulich zu behandeln|"
    r"sans (?:reconnaissance|prejudice)|sous toutes reserves|strictement confidentiel\w*|a titre confidentiel|"
    r"sin (?:reconocimiento|perjuicio|que (?:ello|esto) (?:suponga|implique))|(?:estrictamente|caracter) confidencial|"
    r"no (?:supone|implica|constituye) reconocimiento|"
    r"zonder (?:enige )?(?:erkenning|prejudice)|geheel onverplicht|strikt vertrouwelijk|"
    r"onder voorbehoud van alle rechten|"
    r"senza (?:riconoscimento|ammissione|pregiudizio)|carattere riservat\w*|riservata? personale|non (?:costituisce|"
    r"vale) (?:riconoscimento|ammissione)|a titolo transattivo"
)


_FRAUD = "bank_change_fraud"
#: Flags by the words that show them; fraud needs a lure besides.
_FLAGS = Patterns(
    {
        "hostile": [_HOSTILE],
        "acknowledges_debt": [_ADMITS],
        "prompt_injection": [_MACHINE],
        "confidential_without_prejudice": [_PRIVILEGED],
        _FRAUD: [_NEW_ACCOUNT],
    },
    {},
)
_LURED = re.compile(any_of([_LURE], {}))
_LOOKOUT = Lookout(_FLAGS.rows)


def flags(own: str) -> tuple[Evidence, ...]:
    """Return each flag that the sender's own words show once: `rule` is its name, the place that of the words.

    Fraud is a new account together with what lures or warns: a refund, haste, a mail "in your name". An admission in
    words that keep it "without prejudice" is none.
    """
    text = searchable(folded(re.sub(r"[\n\t]", " ", own[:MAX_OWN_CHARS])))
    found: dict[str, re.Match[str]] = {}
    for name in _LOOKOUT.all_in(text, words_in(text)):
        hits = _FLAGS[name].finditer(text)
        if name == _FRAUD:
            hit = next(hits) if _LURED.search(text) else None
        else:
            hit = next((one for one in hits if not _CALM.search(text[: one.start()][-20:])), None)
        if hit:
            found[name] = hit
    if "confidential_without_prejudice" in found:
        found.pop("acknowledges_debt", None)
    return tuple(
        Evidence(start=hit.start(), end=hit.end(), text=own[hit.start() : hit.end()], rule=name)
        for name, hit in sorted(found.items())
    )
