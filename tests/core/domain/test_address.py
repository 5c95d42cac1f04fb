"""Only the plain form of an address is written to: anything else reaches somebody else in one program or another."""

from __future__ import annotations

import pytest

from mailer.domain.address import address_fault


@pytest.mark.parametrize("address", ["ap@k1.example", "a.b+c@x-y.example", f"{'a' * 64}@k1.example"])
def test_a_plain_address_is_right(address: str) -> None:
    assert address_fault(address) == ""


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("käufer@k1.example", "ASCII"),
        ("k1.example", "name@domain"),
        (f"{'a' * 65}@k1.example", "name@domain"),
        (f"a@{'b.' * 130}example", "name@domain"),
        ("a..b@k1.example", "characters or dots"),
        ("a@k1.example\r\nBcc: b@k1.example", "characters or dots"),
        ("A <a@k1.example>", "characters or dots"),
        ("a@-k1.example", "characters or dots"),
    ],
)
def test_any_other_form_is_refused_in_words(address: str, why: str) -> None:
    assert why in address_fault(address)
