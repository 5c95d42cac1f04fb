"""The shipped phrase files, read into values."""

from __future__ import annotations

import tomllib
from functools import cache

from mailer.replies.phrases import Phrases, phrases_from_values
from mailer.resources import config_dir


@cache  # a second of work for six languages; the files come with the program and do not change under it
def load_phrases() -> Phrases:
    """Return the phrases of every language that ships with Duly."""
    paths = sorted((config_dir() / "phrases").glob("*.toml"))
    return phrases_from_values({path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in paths})
