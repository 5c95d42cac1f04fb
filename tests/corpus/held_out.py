"""Prints the figures of `make score` for authors whose mails the weights have not seen (extra [train]).

    python -m tests.corpus.held_out [--weights-alone] [--errors N] [--about WORDS]

Each author of the development part is read, end to end, by weights trained on all others. The phrases were made from
these mails: with them the figures are too good, with `--weights-alone` too bad. An unseen corpus lies between.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from unittest.mock import patch

import numpy as np

from mailer.flows.match_files import Shelf
from mailer.flows.phrase_files import load_phrases_alone
from mailer.flows.read_files import read_file, values_of
from mailer.imports.world import world_from
from mailer.replies import voting
from mailer.replies.weights import Weights, weights_from_parts
from mailer.sandbox.sandbox import Sandbox
from tests.corpus.examples import examples
from tests.corpus.scoring import Row, figures, score
from tests.corpus.show_scores import FOLDER, is_kept_aside, labels, table
from tests.corpus.train import MailTable, Sheet


def weights_without() -> Iterator[tuple[str, Weights]]:
    """Yield each author of the corpus with weights trained on everybody else."""
    everything = list(examples(load_phrases_alone()))
    sheet = Sheet([unit for one in everything for unit in one.units])
    folds = np.array([one.fold for one in everything for _ in one.units])
    mails = [one for one in everything if one.is_mail]
    parts = {fold: sheet.weights(folds != fold) for fold in sorted({one.fold for one in mails})}
    readers = {fold: weights_from_parts(head, sheet.keys, packed) for fold, (head, packed) in parts.items()}
    found = MailTable(mails, [readers[one.fold] for one in mails])
    for author in sorted({one.fold for one in mails if one.in_corpus}):
        sure = tuple(found.fit_sure(found.without(author)))
        yield author, replace(readers[author], mail=found.second[author], reason=found.reason[author], sure=sure)


async def read_by(authors: Sequence[tuple[str, Weights]], wanted: Sequence[Row]) -> list[Row]:
    """Return what would be printed for these mails, each read by the weights that have not seen its author."""
    shelf = Shelf(world_from((FOLDER / "world.json").read_bytes()))
    phrases, known, sandbox = load_phrases_alone(), dict(authors), Sandbox()
    read: list[Row] = []
    try:
        for label in wanted:
            file, own = str(label["file"]), replace(phrases, weights=known[str(label["id"])[:2]])
            read.append(values_of(file, await read_file((FOLDER / "eml" / file).read_bytes(), shelf, own, sandbox)))
    finally:
        await sandbox.close()
    return read


def main() -> None:
    """Print the table, and the mails that were read wrongly."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights-alone", action="store_true", help="as if no phrase were ever found")
    parser.add_argument("--errors", type=int, default=0, help="also show so many mails")
    parser.add_argument("--about", default="", help="only errors that speak of this")
    options = parser.parse_args()
    wanted = [one for one in labels() if not is_kept_aside(one)]
    authors = list(weights_without())
    if options.weights_alone:
        with patch.object(voting, "by_phrases", lambda *_: ()):
            read = asyncio.run(read_by(authors, wanted))
    else:
        read = asyncio.run(read_by(authors, wanted))
    found = score(wanted, read)
    print(table([("held out", figures(wanted, found))]))
    for file, problem in [one for one in found.errors if options.about in one[1]][: options.errors]:
        print(f"{file}: {problem}")


if __name__ == "__main__":
    main()
