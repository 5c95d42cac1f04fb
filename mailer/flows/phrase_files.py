"""The shipped phrase files and weights, read into values."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from mailer.replies.phrases import Phrases, phrases_from_texts
from mailer.replies.weights import weights_from_bytes
from mailer.resources import config_dir


@cache  # the files come with the program and do not change under it
def load_phrases() -> Phrases:
    """Return the phrases of every language that ships with Duly, with the weights that vote with them."""
    weights = weights_from_bytes((config_dir() / "reading" / "replies.weights").read_bytes())
    phrases = load_phrases_alone()
    return replace(phrases, weights=weights, digest=f"{phrases.digest}-{weights.digest}")


def load_phrases_alone() -> Phrases:
    """Return the phrases without weights; those of a language are read when a mail is written in it."""
    paths = (config_dir() / "phrases").glob("*.toml")
    return phrases_from_texts({path.stem: path.read_text(encoding="utf-8") for path in paths})
