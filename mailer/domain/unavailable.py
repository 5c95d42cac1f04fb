"""The common base of what stands around Duly and cannot be used: settings, database, mail servers, sandbox."""

from __future__ import annotations


class Unavailable(Exception):
    """Something Duly needs is missing, wrong or cannot be reached; the sentence says what, where and what to do."""
