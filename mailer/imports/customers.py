"""Duly's own template for customers."""

from __future__ import annotations

from mailer.imports.cells import Cells
from mailer.imports.columns import Column, Format, Kind
from mailer.imports.rows import CustomerRow


def _build(cells: Cells) -> CustomerRow | None:
    return CustomerRow(
        line=cells.line,
        ref=cells.key("customer", "customer number"),
        name=cells.key("name", "name"),
        email=cells.email("email"),
        other_emails=cells.emails("other_emails"),
        contact_name=cells.text("contact_name"),
        language=cells.language("language"),
        country=cells.country("country"),
        time_zone=cells.time_zone("time_zone"),
        policy=cells.text("policy"),
        tags=cells.words("tags"),
    )


_COLUMNS = (
    Column(name="customer", meaning="your own customer number, unique", required=True, examples=("C-1001", "C-1002")),
    Column(
        name="name",
        meaning="the customer's name",
        required=True,
        examples=("Example Trading Ltd", "Muster & Söhne GmbH"),
    ),
    Column(
        name="email",
        meaning="the address reminders go to; blank: no mail can be sent",
        examples=("accounts@trading.example", "buchhaltung@muster.example"),
    ),
    Column(
        name="other_emails",
        meaning="further addresses this customer writes from, separated by |",
        examples=("jane.roe@trading.example|boss@trading.example", ""),
    ),
    Column(name="contact_name", meaning="the person to greet", examples=("Jane Roe", "Erika Muster")),
    Column(name="language", meaning="language code, such as en or de", examples=("en", "de")),
    Column(name="country", meaning="two-letter country code (ISO 3166), such as GB", examples=("GB", "DE")),
    Column(name="time_zone", meaning="IANA name, such as Europe/London", examples=("Europe/London", "Europe/Berlin")),
    Column(name="policy", meaning="the customer's own policy; blank: by tag or the default"),
    Column(name="tags", meaning="words that may choose a policy, separated by |", examples=("", "vip|wholesale")),
)

CUSTOMERS: Format[CustomerRow] = Format(
    name="customers",
    kind=Kind.CUSTOMERS,
    columns=_COLUMNS,
    key=("customer",),
    build=_build,
)
