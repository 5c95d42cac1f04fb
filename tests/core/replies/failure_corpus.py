"""Every failure report of the corpus, with its verdict."""

from __future__ import annotations

from tests.core.replies.failures import (
    ADDRESS,
    PASSING,
    SETUP,
    TO,
    UNCLEAR,
    Back,
    Failure,
    amazon,
    exim,
    german,
    gmail,
    microsoft,
    postfix,
    qmail,
    report_fields,
    sendmail,
)

_BLOCKED = "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"
FAILURES = (
    postfix(
        "unknown_user", ADDRESS, "5.1.1", "550 5.1.1 <tom@alder.example>: Recipient address rejected: User unknown"
    ),
    postfix("no_domain", ADDRESS, "5.4.4", "Host or domain name not found. Name service error for name=alder.example"),
    postfix("null_mx", ADDRESS, "5.1.0", "Domain alder.example does not accept mail (nullMX)"),
    postfix("quota", PASSING, "5.2.2", "552 5.2.2 <tom@alder.example>: Quota exceeded (mailbox for user is full)"),
    postfix("timed_out", PASSING, "4.4.1", "connect to mx.alder.example[192.0.2.1]:25: Connection timed out"),
    postfix("delayed", PASSING, "4.4.1", "connect to mx.alder.example: Connection refused", delayed=True),
    postfix("greylisted", PASSING, "4.2.0", "450 4.2.0 <tom@alder.example>: Greylisted, see policy page", delayed=True),
    postfix("blocked", SETUP, "5.7.1", _BLOCKED, back=Back.HEADERS),
    postfix("relay_denied", UNCLEAR, "5.7.1", "554 5.7.1 <tom@alder.example>: Relay access denied"),
    postfix("loop", UNCLEAR, "5.4.6", "mail for alder.example loops back to myself"),
    postfix("too_large", UNCLEAR, "5.3.4", "552 5.3.4 message size 99 exceeds size limit 10 of server"),
    postfix("virus", SETUP, "5.7.0", "550 5.7.0 virus found in message"),
    exim("unrouteable", ADDRESS, "Unrouteable address"),
    exim("no_user", ADDRESS, "host mx.alder.example [192.0.2.1]\n    SMTP error: 550 No such user here"),
    exim(
        "retry_timeout",
        PASSING,
        "all hosts for 'alder.example' have been failing for a long time; retry timeout exceeded",
    ),
    exim("delayed", PASSING, "Delay reason: connection timed out", delayed=True),
    exim("admin", SETUP, "SMTP error from remote mail server after RCPT TO: 550 Administrative prohibition"),
    microsoft("unknown", ADDRESS, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP"),
    microsoft("denied", ADDRESS, "5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)"),
    microsoft("full", PASSING, "5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException"),
    microsoft("spam", SETUP, "5.7.1", "550 5.7.1 Message rejected as spam by Content Filtering."),
    microsoft("block_list", SETUP, "5.7.606", "550 5.7.606 Access denied, banned sending IP [192.0.2.7]"),
    microsoft("dmarc", SETUP, "5.7.509", "550 5.7.509 Access denied, sending domain does not pass DMARC verification"),
    microsoft("rule", SETUP, "5.7.1", "550 5.7.1 TRANSPORT.RULES.RejectMessage; rejected by an organization policy"),
    microsoft(
        "group", UNCLEAR, "5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; internal senders only"
    ),
    microsoft("expired", PASSING, "4.4.7", "550 4.4.7 QUEUE.Expired; message expired, connection timed out"),
    microsoft("german", ADDRESS, "5.1.1", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found", subject="Unzustellbar"),
    gmail("unknown", ADDRESS, "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist."),
    gmail("disabled", ADDRESS, "5.2.1", "550 5.2.1 The email account that you tried to reach is inactive."),
    gmail("full", PASSING, "5.2.2", "552-5.2.2 The recipient's inbox is out of storage space and inactive."),
    gmail(
        "unauthenticated",
        SETUP,
        "5.7.26",
        "550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
    ),
    gmail(
        "unsolicited", SETUP, "5.7.1", "550-5.7.1 Our system has detected that this message is likely unsolicited mail."
    ),
    gmail("rate", SETUP, "4.7.28", "421-4.7.28 Our system has detected an unusual rate of mail", delayed=True),
    gmail(
        "delay",
        PASSING,
        "4.4.2",
        "The recipient server did not accept our requests to connect: timed out",
        delayed=True,
    ),
    qmail("no_mailbox", ADDRESS, "Sorry, no mailbox here by that name. (#5.1.1)"),
    qmail("in_queue", PASSING, "I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again."),
    qmail("spam", SETUP, "192.0.2.1 failed after I sent the message.\nRemote host said: 554 rejected as spam (#5.3.0)"),
    sendmail("unknown", ADDRESS, "5.1.1", "550 5.1.1 <tom@alder.example>... User unknown"),
    sendmail(
        "no_host", ADDRESS, "5.1.2", "550 5.1.2 <tom@alder.example>... Host unknown (Name server: host not found)"
    ),
    sendmail("warning", PASSING, "4.4.1", "451 alder.example: Name server timeout; connection timed out", delayed=True),
    german("unavailable", ADDRESS, "550 Requested action not taken: mailbox unavailable"),
    german("policy", SETUP, "554 Transaction failed. Reject due to policy restrictions. See postmaster.gmx.net/error"),
    german(
        "bad_dns",
        SETUP,
        "550-Requested action not taken: mailbox unavailable\n        550 invalid DNS MX or A/AAAA record",
    ),
    german("full", PASSING, "552 Requested mail action aborted: exceeded storage allocation. Quota exceeded"),
    german("t_online", SETUP, "554 IP=192.0.2.7 - A problem occurred. Ask your postmaster for help or contact tosa@rx"),
    amazon("unknown", ADDRESS, "5.1.1", "550 5.1.1 user unknown"),
    amazon(
        "suppressed", ADDRESS, "5.1.1", "Amazon SES has suppressed sending to this address: recent history of bouncing"
    ),
    amazon("reputation", SETUP, "5.7.1", "554 5.7.1 rejected due to the poor reputation of the sender"),
    Failure(
        name="yahoo_no_account",
        cause=ADDRESS,
        back=Back.INLINE,
        sender="MAILER-DAEMON@yahoo.example",
        subject="Failure Notice",
        text="Sorry, we were unable to deliver your message to the following address.\n\n<tom@alder.example>:\n"
        "554: delivery error: dd This user doesn't have a yahoo.com account (tom@alder.example) [0] - mta4001.example\n"
        "\n--- Below this line is a copy of the message.\n",
    ),
    Failure(
        name="yahoo_complaints",
        cause=SETUP,
        delayed=True,
        sender="postmaster@yahoo.example",
        subject="Delivery delayed",
        text="Your message has not been delivered yet.",
        fields=report_fields(
            "4.7.0", "421 4.7.0 [TSS04] Messages temporarily deferred due to user complaints", action="delayed"
        ),
    ),
    Failure(
        name="domino_not_listed",
        cause=ADDRESS,
        sender="Postmaster@alder.example",
        subject="DELIVERY FAILURE: User tom (tom@alder.example) not listed in Domino Directory",
        text="Your message\n  Subject: Invoice\nwas not delivered to:\n  tom@alder.example\nbecause:\n"
        "  User tom (tom@alder.example) not listed in Domino Directory",
        back=Back.ATTACHED,
    ),
    Failure(
        name="exchange_2010_free_text",
        cause=ADDRESS,
        sender="System Administrator <postmaster@alder.example>",
        subject="Undeliverable: Invoice INV-2041",
        text="Your message did not reach some or all of the intended recipients.\n\nThe following recipient(s) cannot "
        "be reached:\n\n      tom@alder.example on 18.11.2026\n            The e-mail account does not exist at the "
        "organization this message was sent to.\n            <mx.alder.example #5.1.1>",
        back=Back.NOT,
    ),
    Failure(
        name="mimecast_german",
        cause=ADDRESS,
        sender="Postmaster <postmaster@alder.example>",
        subject="Nicht zugestellt: Rechnung",
        text="Ihre Nachricht konnte nicht zugestellt werden.\n\ntom@alder.example: Empfänger unbekannt",
        back=Back.NOT,
    ),
    Failure(
        name="forwarded_elsewhere",
        cause=ADDRESS,
        sender="MAILER-DAEMON@mx.alder.example",
        subject="Undelivered Mail Returned to Sender",
        text="This is the mail system.",
        fields=report_fields(
            "5.1.1", "550 5.1.1 User unknown", to="gone@oak.example", more=f"Original-Recipient: rfc822;{TO}\n"
        ),
        address="gone@oak.example",
    ),
    Failure(
        name="one_of_two_failed",
        cause=PASSING,
        sender="MAILER-DAEMON@mx.seller.example",
        subject="Mail delivery report",
        text="See below.",
        fields=report_fields("2.0.0", "250 ok", action="delivered", to="archive@seller.example")
        + "\n"
        + report_fields("5.2.2", "552 5.2.2 over quota"),
    ),
)
NO_FAILURES = tuple(
    Failure(
        name=f"report_{action}",
        cause=None,
        sender="MAILER-DAEMON@mx.alder.example",
        subject="Successful Mail Delivery Report",
        text="Your message was successfully passed on.",
        fields=report_fields("2.1.5" if action == "expanded" else "2.0.0", "250 2.0.0 ok", action=action),
    )
    for action in ("delivered", "relayed", "expanded")
)
