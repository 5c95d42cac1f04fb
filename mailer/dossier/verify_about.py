"""The prose at the head of VERIFY.txt: what it is for, what is bound to the log, and what no check can show."""

ABOUT = r"""#!/bin/bash
# HOW TO CHECK THIS CASE FILE WITHOUT THE PROGRAM THAT MADE IT
#
# In this folder, on Linux, on macOS with GNU coreutils, or on Windows in Git Bash:
#
#     sha256sum -c manifest-sha256.txt         every line ends in OK: no file was changed or lost since the export
#     sha256sum -c tagmanifest-sha256.txt
#     find data -type f | wc -l                as many as manifest-sha256.txt has lines: no file was added
#     bash VERIFY.txt                          all of that, and everything against the signed log: about a minute
#                                              for ten thousand entries. It is this very file; read it first.
#     bash VERIFY.txt ENTRY PROOF              one entry of the log against one proof: cut it out with
#                                              sed -n 43p data/audit/entries.ndjson | tr -d '\n' > ENTRY   (entry 42),
#                                              its PROOF is data/audit/proofs/000042.tlog-proof
#
#     bash VERIFY.txt stamps CA.pem            the time stamps of third parties, if there are any in data/audit/anchors,
#                                              against the certificates of whoever stamped. The commands one by one:
#                                              data/audit/anchors/commands.txt
#     bash VERIFY.txt witnesses KEYS           the cosignatures of witnesses, if there are any in data/audit/anchors,
#                                              against their keys as you got them from them, one (name+id+base64) a line
#
# It needs bash, coreutils (sha256sum, base64, od, sort, tr), find, sed, xargs and OpenSSL 3. A file that somebody
# else may have changed can lie about itself: take this file from another case file, or from the program's source.
#
# WHOSE LOG IT IS
#
# The log is signed with the key in data/audit/log.vkey and log.pub.pem. Nothing in this folder can show whose key
# that is. Ask whoever runs the log, by another way (a contract, a letter, the telephone), for the key's SHA-256,
# and compare it with: sha256sum data/audit/log.vkey. If you keep an older checkpoint of the same log, the program
# (`duly log verify --kept`) or any tool for C2SP tlog-checkpoint shows whether this one extends it.
#
# SINCE WHEN IT IS AS IT IS
#
# data/audit/anchors/SIZE.tsr is a time stamp (RFC 3161) over SIZE.checkpoint beside it: the head of the first SIZE
# lines of entries.ndjson. Who stamped it knows nothing but a hash, and says when it was shown. bash VERIFY.txt checks
# that the heads follow from the entries and that the stamps name them; whose the stamps are, the line with "stamps"
# above checks. Get CA.pem from whoever stamped: tsa-ca.pem comes from the maker of this folder, as all of it does.
#
# data/audit/anchors/SIZE.cosigned is the head of the first SIZE lines with the cosignatures of witnesses (C2SP
# tlog-cosignature): each says that it saw the log grow to this head and never found it changed, and when. bash
# VERIFY.txt checks that the heads follow from the entries and that every line fits a key in witnesses.txt. That these
# are the keys of those witnesses, only they can tell you; the line with "witnesses" above takes what they told.
#
# WHO SIGNED THE MAILS
#
# data/audit/dkim/ENTRY.txt says what was found of the DKIM signatures of a mail, as a rule when it came, with the keys
# as the DNS gave them then, and how to check each again without any network. ENTRY is the entry of the log whose event
# names it. That the DNS gave this key is the word of whoever keeps the log; that the key fits the mail anybody can see.
#
# WHAT IS BOUND
#
# data/audit/entries.ndjson has every entry of the log, of this case and of all others. Entries name nobody: each
# is a salted commitment. From them follows the root in data/audit/checkpoint, which is signed. events.ndjson has
# the events of this case with salt, row and words: they hash to the commitments of their entries. Mails are named
# in the words of their events by SHA-256: mail number k is the k-th event that brought or wrote a mail. Every entry
# that bears the tag of this case must be there as an event, or be said to be erased or withheld.
#
# A redacted file (bag-info.txt says so) has no mails: all are listed in messages_not_retained.txt. Events that say
# what was redacted are withheld; their entries, chain and proofs are here like all others. data/redacted has copies of
# the mails with words blacked out, for reading.
#
# BOUND BY THE LOG:      data/eml/*, and in data/audit: entries.ndjson, events.ndjson, proofs/*, checkpoint, log.vkey,
#                        log.pub.pem, dkim/*, anchors/*.checkpoint
# BOUND BY A SIGNATURE:  data/audit/anchors/*.tsr, by that of whoever stamped; a few bytes of a stamp are not signed;
#                        data/audit/anchors/*.cosigned, by those of the witnesses
# NOT BOUND BY THE LOG:  everything else. data/report, data/account, data/attachments, data/loadfile,
#                        data/placement and data/redacted are made from what is bound, and from the ledger, for
#                        reading. So is the PDF report: the mails embedded in it are copies, as good as their SHA-256
#                        is that of the same number in data/eml. README.txt, VERIFY.txt, mailbag.csv, bag-info.txt
#                        and messages_not_retained.txt describe the folder. Only the manifests protect them: have the
#                        SHA-256 of tagmanifest-sha256.txt confirmed by whoever made the export; the log has it, too,
#                        in the event export.created after this export.
#
# WHAT THIS CANNOT SHOW
#
# That what was recorded was true; that nobody acted outside the system; that one customer's account was not kept
# as two; that no tag was left out with all its entries. A customer has a tag of its own, each of its cases another.
# Both get new ones where an entry log.restarted says that the old log's key was lost; then the first entry of the new
# tag names the last one of the old (prev_case), and both tags must be here. (Logs begun anew by early versions lack
# that.) It shows what was recorded, in what order, and that nothing under the tags that are here was left out.

"""
