"""The files to fill in: a header, two example rows, and what each column means."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO

from mailer.imports.columns import Column, Format, Kind
from mailer.imports.customers import CUSTOMERS
from mailer.imports.duly import DULY
from mailer.imports.payments import PAYMENTS

_OWN: Mapping[Kind, Format[object]] = {form.kind: form for form in (DULY, PAYMENTS, CUSTOMERS)}


def template_columns(kind: Kind) -> tuple[Column, ...]:
    """Return the columns of our own template, with their meaning and whether the file must have them."""
    return _OWN[kind].columns


def write_template(kind: Kind) -> str:
    """Return our own template as CSV text: the header and two example rows, to be replaced by real ones."""
    columns = template_columns(kind)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    for example in range(2):
        writer.writerow([column.examples[example] for column in columns])
    return text.getvalue()
