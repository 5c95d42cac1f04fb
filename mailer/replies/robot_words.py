"""How machines name and excuse themselves, in the words of many languages. Beginnings and labels of subjects, mostly.

Three strengths: a formula that only mail programs write, a label that people may use too, and words of a body.
"""

from __future__ import annotations

import re

#: What mail programs put before the subject of an automatic answer.
FORMULA = re.compile(
    r"^(?:[\[【(](?:[^\]】)]{0,40}[\]】)] ?)?)?(?:"
    r"auto(?:matic|mated|matische|matisk|matiskt|maattinen)?[ -]?(?:reply|response|responder|acknowledge?ment|answer)|"
    r"automatische antwort|(?:automatische )?abwesenheits(?:notiz|meldung|nachricht|assistent|benachrichtigung)|"
    r"r[ée]ponse automatique|message d['\u2019]absence|notification d['\u2019]absence|"
    r"respuesta autom[áa]tica|automatisch antwoord|afwezigheids(?:bericht|melding|assistent)|"
    r"risposta automatica|autosvar|automatiskt? svar|resposta autom[áa]tica|auto-?resposta|"
    r"automatyczna odpowied|odpowied[źz] automatyczna|auto-?odpowied|automaattinen vastaus|"
    r"automatick[áa] odpov[ěe]|automatikus v[áa]lasz|r[ăa]spuns automat|otomatik yan|автоматический ответ|автоответ|"
    r"αυτόματη απάντηση|自動(?:応答|返信|回覆)|自动(?:答复|回复)|자동 ?(?:회신|응답))",
    re.IGNORECASE,
)
#: Labels that people use too: they must stand alone or before a colon or the subject answered.
ABSENCE_LABEL = re.compile(
    r"^(?:out[ -]of[ -](?:the[ -])?office|ooo|away from (?:my (?:mail|desk)|the office)|(?:on|annual) (?:leave|holiday|"
    r"vacation)|abwesenheit|(?:ich bin )?nicht im (?:büro|haus)|(?:bin )?(?:im urlaub|außer haus)|"
    r"absence(?: du bureau)?|absente?(?: du bureau)?|en congés?|fuera de (?:la )?oficina|ausencia|ausente|"
    r"de vacaciones|afwezig(?:heid)?|niet aanwezig|met vakantie|fuori (?:sede|ufficio)|assenza|in ferie|"
    r"fr[åa]nvar(?:o|ande)|ej på kontoret|aus[êe]ncia(?: do escrit[óo]rio)?|fora do escrit[óo]rio|de f[ée]rias|"
    r"nieobecno(?:ść|sc)|poza biurem|na urlopie|ikke til stede|ikke på kontoret|frav[æa]r(?:ende)?|poissa|不在)"
    r"(?: (?:auto-?reply|notice|notification|message))?\s*(?:[:!.]|$|(?:re|aw|sv|odp)\b ?:)",
    re.IGNORECASE,
)
#: Absence, or nobody there at all.
ABSENCE = re.compile(
    r"out of (?:the )?office|\baway\b|on (?:annual |parental |maternity |paternity |sick )?leave|"
    r"on (?:holiday|vacation)|no longer (?:with|works?|employed)|not monitored|(?:no longer|not) (?:being )?monitored|"
    r"(?:office|we|studio|shop) (?:is|are|will be) closed|limited access|not be reading my mail|"
    r"im urlaub|nicht im (?:haus|büro)|außer haus|abwesend|nicht mehr für|elternzeit|geschlossen|nicht gelesen|"
    r"betriebsferien|absente?\b|en congés?|fuera de (?:la )?oficina|de vacaciones|ausente|met vakantie|"
    r"afwezig|fuori (?:ufficio|sede)|in ferie|semester|inte på kontoret|tjänsteledig|de f[ée]rias|fora do escrit|"
    r"\burlopi|nieobecn|poza biurem|holder ferie|på ferie|ikke til stede|ikke på kontoret|lomalla|不在|休暇",
    re.IGNORECASE,
)
#: A mail that says of itself that no person wrote it.
DECLARES_ITSELF = re.compile(
    r"(?:this|it) (?:is|was|message (?:is|was|has been)) (?:an? )?(?:auto(?:matic(?:ally)?|mated)[ -]?)"
    r"(?:reply|response|message|generated|e-?mail|acknowledge?ment)|"
    r"(?:das|dies|es handelt sich um) (?:ist )?eine automatische? (?:antwort|nachricht|e-?mail)|automatisch (?:erzeugt|"
    r"generiert|erstellt)|ceci est une réponse automatique|message automatique|(?:esta|este) es una? (?:respuesta|"
    r"mensaje) autom[áa]tic|dit is een automatisch|questa è una risposta automatica|messaggio automatico|"
    r"resposta autom[áa]tica|wiadomość automatyczna|このメールは自動",
    re.IGNORECASE,
)
#: What was sent has arrived and been written down, and nothing more.
ACKNOWLEDGES = re.compile(
    r"(?:your|the) (?:request|ticket|e?-?mail|message|quer(?:y|ies)|case|[ei]nquir\w+)\b.{0,40}"
    r"(?:has been|was|is) (?:\w+ (?:and|&) )?(?:received|logged|created|registered|opened|assigned|added|forwarded)|"
    r"we(?:['\u2019]ve| have)? (?:got|received) your (?:request|ticket|e?-?mail|message|[ei]nquiry)|request received|"
    r"ticket received|(?:case|ticket) (?:\S{2,20} )?(?:has been|was) (?:created|opened|logged)|opened (?:a )?ticket|"
    r"ticket has been (?:created|assigned)|creation of a .{0,20}ticket|(?:case|ticket) number (?:is|for)|"
    r"created (?:a )?(?:ticket|case) \S{2,20}|"
    r"added to the queue|your reference is \S{4,}|under (?:the )?reference \S{4,}|"
    r"(?:anfrage|anliegen|nachricht|e-?mail|sie) .{0,30}(?:wurde|ist) .{0,40}(?:erhalten|eingegangen|aufgenommen|"
    r"erfasst|registriert)|anfrage erhalten|haben ihr(?:e|en)? (?:anliegen|anfrage|nachricht|e-?mail) erhalten|"
    r"eingegangen und wurde unter|unter der nummer \S{3,40} (?:erfasst|registriert|aufgenommen)|anliegen (?:erhalten|"
    r"\(ticket)|hat die (?:ticket|vorgangs)nummer|"
    r"(?:demande|message) .{0,30}(?:enregistr|prise? en compte|bien (?:été )?re[çc]u)|solicitud .{0,30}registrad|"
    r"hemos recibido su|presa? in carico|abbiamo ricevuto la (?:sua|tua|vostra) (?:richiesta|segnalazione|e-?mail)|"
    r"(?:melding|bericht|aanvraag) (?:is |werd )?(?:ontvangen|geregistreerd)|"
    r"geregistreerd onder|awaits moderator approval|being held until the list moderator",
    re.IGNORECASE,
)
#: Marks of a ticket system, which stand in the letters of its people too.
TICKET_MARK = re.compile(
    r"(?:automated|automatic) (?:acknowledge?ment|message)|\b(?:vorgangs|ticket|fall)-?nummer|ticket number|"
    r"ticket ?#? ?\d{3,}|case #|queue \S{3,}|reply above this line|antwort(?:en sie)? (?:bitte )?über dieser zeile|"
    r"répondre au-dessus de cette ligne|responda? por encima de esta línea|rispondere sopra questa riga|"
    r"antwoord boven deze (?:regel|lijn)",
    re.IGNORECASE,
)
#: What accounts people write about, or ask: an acknowledgement that holds it is a letter.
SUBSTANCE = re.compile(
    r"\?|\b(?:paid|pay(?! (?:you a visit|attention))|payment|transfer\w*|disput\w*|credit note|wrong|"
    r"bezahlt?|zahl\w+|überw[ie]+s\w*|"
    r"falsch|gutschrift|"
    r"pay[ée]\w*|paiement|virement|litige|avoir|pag\w+|transferencia|factura incorrecta|bonifico|nota di credito|"
    r"betaal\w*|betal\w+|creditnota)\b",
    re.IGNORECASE,
)
#: What our own mail is called, where a robot names it.
REMINDED = re.compile(
    r"payment reminder|reminder (?:of|for) payment|zahlungserinnerung|rappel de paiement|recordatorio de pago|"
    r"sollecito di pagamento|betalingsherinnering",
    re.IGNORECASE,
)
#: An invoice by its number, or a sum.
MATTER = re.compile(
    r"\b(?:invoice|rechnung|facture|factura|factuur|fattura)\b[^\n]{0,30}\d|\b(?:eur|gbp|usd|chf) ?\d|[€£$] ?\d",
    re.IGNORECASE,
)
#: What programs say of the address they write from.
UNREAD = re.compile(r"(?:is |are )?(?:not|no longer) (?:being )?monitored", re.IGNORECASE)
#: DMARC's aggregate reports (RFC 7489 §7.2.1.1).
DMARC_REPORT = re.compile(r"^(?:\[[^\]]{0,40}\] ?)?report domain: ?\S+ submitter: ?\S+ report-id:", re.IGNORECASE)
#: An answer or a forwarding, in the letters of many mail clients.
ANSWERED = re.compile(
    r"^(?:re|fwd?|aw|wg|sv|vs|vb|tr|rv|rif|ynt|odp|enc|doorst|i|antw|res)\s?(?:\[\d+\])?:", re.IGNORECASE
)
