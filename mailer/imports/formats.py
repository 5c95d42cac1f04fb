"""The registry of import formats, and which of them a header row belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailer.imports.columns import Format, Kind, missing_columns, plain_name, repeated_columns
from mailer.imports.customers import CUSTOMERS
from mailer.imports.duly import DULY
from mailer.imports.payments import PAYMENTS
from mailer.imports.refusals import ImportRefused, UnknownHeader
from mailer.imports.rows import CustomerRow, InvoiceRow, PaymentRow, shown
from mailer.imports.xero import XERO

#: One line per format; the first of its kind is the one that `template` writes.
INVOICE_FORMATS: Mapping[str, Format[InvoiceRow]] = {form.name: form for form in (DULY, XERO)}
PAYMENT_FORMATS: Mapping[str, Format[PaymentRow]] = {form.name: form for form in (PAYMENTS,)}
CUSTOMER_FORMATS: Mapping[str, Format[CustomerRow]] = {form.name: form for form in (CUSTOMERS,)}
FORMATS: Mapping[str, Format[object]] = {**INVOICE_FORMATS, **PAYMENT_FORMATS, **CUSTOMER_FORMATS}

#: Every column name of every format, as header cells are compared.
KNOWN_NAMES = frozenset(plain_name(column.name) for form in FORMATS.values() for column in form.columns)
_SHOWN_COLUMNS = 40


def choose_format(header: Sequence[str], *, kind: Kind, preset: str | None) -> Format[object]:
    """Return the format of a file from its header row, or the preset when the header has what it needs.

    Raises ImportRefused when there is no such preset, UnknownHeader when columns are missing or stand twice.
    """
    forms = [form for form in FORMATS.values() if form.kind is kind]
    if preset is not None and preset not in {form.name for form in forms}:
        names = ", ".join(form.name for form in forms)
        raise ImportRefused(f"There is no preset {shown(preset)!r} for {kind}; give --preset {names}.", flag="--preset")
    form = _nearest(forms, header) if preset is None else FORMATS[preset]
    lacking = missing_columns(form, header)
    if lacking:
        raise _unknown(form, forms, header, lacking)
    twice = repeated_columns(form, header)
    if twice:
        said = f"The header has more than one column {', '.join(twice)}; keep the right one."
        raise UnknownHeader(said, found=header, expected=form.required)
    return form


def _nearest(forms: Sequence[Format[object]], header: Sequence[str]) -> Format[object]:
    found = {plain_name(cell) for cell in header}

    def worth(form: Format[object]) -> tuple[bool, int]:
        matched = sum(plain_name(column.name) in found for column in form.columns)
        return not missing_columns(form, header), matched

    return max(forms, key=worth)


def _unknown(
    form: Format[object], forms: Sequence[Format[object]], header: Sequence[str], lacking: Sequence[str]
) -> UnknownHeader:
    cells = [shown(cell.strip()) for cell in header if cell.strip()][:_SHOWN_COLUMNS]
    parts = [
        f"The header row lacks {', '.join(lacking)} for the preset {form.name}",
        f"found: {', '.join(cells) or 'nothing'}",
        f"expected: {', '.join((*form.required, *([' or '.join(form.one_of)] if form.one_of else [])))}",
    ]
    others = [other for other in FORMATS.values() if other.kind is not form.kind and not missing_columns(other, header)]
    if others:
        parts.append(f"it looks like a file of {others[0].kind}: use duly {others[0].kind} import")
    elif len(forms) > 1:
        parts.append(f"give --preset {' or '.join(other.name for other in forms)} to say which format it is")
    parts.append(f"duly {form.kind} template prints a file to fill in")
    return UnknownHeader("; ".join(parts) + ".", found=header, expected=form.required, flag="--preset")
