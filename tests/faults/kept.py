"""What must be true of what is kept: the bytes of every mail, the commitments of the record, each mail once (I6-I8)."""

from __future__ import annotations

import hashlib
from collections import Counter

from mailer.store.inbox import OUT
from tests.faults.history import Found, History

#: The one event that says how a mail came to be stored: theirs, our own copy, or written by hand on our side.
TAKEN_IN = ("mail.fetched", "mail.own_copy", "mail.sent_by_hand")


def i6_every_byte_is_kept(h: History) -> Found:
    """What went out is what was frozen; what came in is kept with its hash."""
    frozen = {row["message_id"]: row["payload_id"] for row in h.outbox}
    for delivery in h.deliveries:
        kept = h.bodies.get(frozen.get(delivery.message_id, ""))
        if kept != hashlib.sha256(delivery.raw).hexdigest():
            yield delivery.message_id, "the bytes that went out are not the bytes that were frozen"
    for row in h.outbox:
        if row["payload_id"] not in h.bodies:
            yield row["id"], "its bytes are gone"
    for row in h.mails:
        if row["payload_id"] and h.bodies.get(row["payload_id"]) != row["sha256"]:
            yield row["id"], "its raw bytes are not those of its hash"


def i7_the_record_verifies(h: History) -> Found:
    """Every event's payload is there, and is the one that the event's row has committed to."""
    for event in h.events:
        seal = h.seals.get(event.id)
        if seal is None:
            yield event.id, f"the payload of {event.type} is gone"
        elif seal != event.commitment:
            yield event.id, f"the payload of {event.type} is not what was committed to"


def i8_every_mail_is_processed_once(h: History) -> Found:
    """Everything that arrived is stored once, and was read once or waits with its raw bytes for a person.

    Of our own side's mail to nobody we know only the hash is stored; one event for each look says which those were.
    """
    stored = Counter(row["sha256"] for row in h.mails)
    for digest in set(h.arrived):
        if stored[digest] != 1:
            yield digest[:12], f"LOST: arrived, stored {stored[digest]} times"
    taken = Counter(event.refs["mail"] for event in h.events if event.type in TAKEN_IN)
    passed_over = {
        (event.payload["folder"], uid)
        for event in h.events
        if event.type == "mail.not_kept"
        for uid in event.payload["uids"]
    }
    read = Counter(event.refs["mail"] for event in h.events if event.type == "reply.read")
    again = {event.refs["mail"] for event in h.events if event.type in ("mail.reprocessed", "mail.assigned")}
    for row in h.mails:
        is_bare = row["direction"] == OUT and not row["payload_id"]
        if is_bare and (row["folder"], row["uid"]) not in passed_over:
            yield row["id"], "its bytes were not kept, and nothing on record says so"
        if taken[row["id"]] != (0 if is_bare else 1):
            yield row["id"], f"taken in on record {taken[row['id']]} times"
        if read[row["id"]] > 1 and row["id"] not in again:
            yield row["id"], f"DOUBLED: read {read[row['id']]} times"
