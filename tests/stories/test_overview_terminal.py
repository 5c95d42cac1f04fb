"""The service as a whole, typed: safe at first, honest about what comes, exact in what it would send."""

from __future__ import annotations

from pathlib import Path

from tests.stories.terminal import Terminal, in_days


def test_a_new_house_starts_paused_and_going_live_is_on_record(tmp_path: Path) -> None:
    house = Terminal(tmp_path / "data")
    assert house.read("status")["mode"] == "paused"
    assert house.type("pause").startswith("Duly was already paused")
    assert house.read("resume", "--reason", "ledger checked") == {"mode": "live", "changed": True}
    (told,) = house.read("log", "list", "--type", "service.resumed")
    assert told["payload"] == {"reason": "ledger checked"}
    assert told["actor"].startswith("person:")
    assert house.read("status")["mode"] == "live"


def test_status_names_what_waits_and_its_exit_code_can_be_watched(tmp_path: Path) -> None:
    house = Terminal(tmp_path / "data")
    page = house.type("status", "--check")
    assert "Duly is PAUSED" in page
    assert "never confirmed" in page
    assert "Nothing waits for a person." in page
    house.owe()
    page = house.type("status", "--check")
    assert "To go out up to the end of the next business day, once Duly is live" in page


def test_a_customer_without_an_address_is_a_need_with_its_command(tmp_path: Path) -> None:
    house = Terminal(tmp_path / "data")
    house.owe()
    path = house.data / "mute.csv"
    path.write_text(
        "customer,customer_name,number,issued_on,due_on,currency,total,open\n"
        "K9,Mute Ltd,M-1,2026-01-01,2026-02-01,EUR,10.00,10.00\n",
        encoding="utf-8",
    )
    house.type("invoices", "import", str(path), "--confirm-rest")
    page = house.type("status", "--check", code=1)
    assert "1 customer without an address" in page
    assert "duly customers add K9 --update --email ADDRESS" in page
    found = house.read("status")
    assert [(need["kind"], need["customer_ref"]) for need in found["needs"]] == [("no_address", "K9")]
    assert house.type("status", "-o", "csv").splitlines()[1].startswith("no_address,Mute Ltd,K9")


def test_the_preview_is_a_whole_mail_and_its_html_alone_can_be_saved(tmp_path: Path) -> None:
    house = Terminal(tmp_path / "data")
    house.owe()
    seen = house.type("preview", "INV-1")
    for part in ("to Ada Trading Ltd (K1)", "Subject: ", "Reply-To: ", "INV-2", "Duly is paused"):
        assert part in seen
    html = house.type("preview", "K1", "--html")
    assert html.lstrip().lower().startswith("<!doctype html")
    raw = house.type("preview", "K1", "--raw")
    assert raw.startswith("Content-Type: multipart/alternative")
    found = house.read("preview", "K1")
    assert (found["headers"]["To"], found["message"]) == ("Ada Trading Ltd <ap@k1.example>", None)
    house.type("invoices", "hold", "K1", "--reason", "boss talks")
    assert "no mail to Ada Trading Ltd (K1) is in sight" in house.type("preview", "K1", "--html")
    assert [row["type"] for row in house.read("log", "list", "--type", "reminder.queued")] == []


def test_the_simulation_counts_mails_and_tasks(tmp_path: Path) -> None:
    house = Terminal(tmp_path / "data")
    assert "Nothing would go out in 30 days to 0 customers" in house.type("simulate")
    house.owe()
    house.type("customers", "add", "K2", "--update", "--policy", "personal")
    found = house.read("simulate", "--days", "40")
    kinds = [row["kind"] for row in found if row["customer_ref"] == "K2"]
    assert kinds[:3] == ["mail", "mail", "call"]
    assert len(kinds) > 3
    undone = house.read("simulate", "--days", "40", "--tasks-undone")
    assert [row["kind"] for row in undone if row["customer_ref"] == "K2"] == ["mail", "mail", "call"]
    assert "if nobody paid or answered" in house.type("simulate", "--days", "40")


def test_the_case_sheet_and_the_record_tell_the_same_story(tmp_path: Path) -> None:
    house = Terminal(tmp_path / "data")
    house.owe()
    assert "No case is running" in house.type("case", "list")
    house.type("letter", "add", "K2", "demand, by post", "--tracking", "RR123456785GB")
    house.type("meeting", "add", "K2", "met at the fair", "--on", "2026-01-15")
    sheet = house.read("case", "show", "K2")
    assert [line["words"] for line in sheet["correspondence"]] == [
        "met at the fair",
        "tracking RR123456785GB: demand, by post",
    ]
    assert "tracking RR123456785GB" in house.type("log", "list", "K2")
    assert "EUR 1200.00" in house.type("case", "show", "K2")
    (row,) = house.read("case", "why", "INV-3")
    assert (row["policy_from"], row["is_due"], row["against"][0]["code"]) == ("the default", True, "paused")


def test_cases_are_listed_shown_and_closed_for_hand_over(tmp_path: Path) -> None:
    house = Terminal(tmp_path / "data")
    house.owe()
    house.run_once()
    rows = {row["customer_ref"]: row for row in house.read("case", "list")}
    assert set(rows) == {"K1", "K2"}
    assert (rows["K1"]["open"], rows["K1"]["overdue"], rows["K1"]["oldest_days"]) == ("EUR 620.50", 2, 9)
    assert (rows["K1"]["statuses"], rows["K2"]["oldest_days"]) == ("2 overdue", 40)
    assert "friendly" in rows["K1"]["next"]
    assert "1 of 2 are shown" in house.type("case", "list", "--limit", "1")
    house.type("dispute", "add", "INV-3", "--reason", "late")
    house.type("promise", "add", "K2", "--by", in_days(3))
    house.type("invoices", "hold", "K2", "--reason", "boss talks")
    page = house.type("case", "show", "K2")
    for part in ("running", "late, open", "all for", "boss talks", "disputed"):
        assert part in page
    why = house.type("case", "why", "K2")
    for part in ("dispute disp_", "promise prom_", "on the whole customer", "the customer disputes the invoice"):
        assert part.lower() in why.lower()
    closed = house.read("case", "close", "K2", "--outcome", "handed_over", "--reason", "to the agency")
    assert (closed["invoices"], closed["left"]) == (["INV-3"], [])
    assert [row["customer_ref"] for row in house.read("case", "list")] == ["K1"]
    (gone,) = [row for row in house.read("case", "list", "--all") if row["customer_ref"] == "K2"]
    assert (gone["outcome"], gone["open"]) == ("handed_over", "")
    assert "closed" in house.type("case", "show", "K2")


def test_a_customer_with_many_invoices_is_told_about_in_short(tmp_path: Path) -> None:
    house = Terminal(tmp_path / "data")
    house.owe(tuple(("K1", "Ada Trading Ltd", 3, "10.00") for _ in range(8)))
    why = house.type("case", "why", "K1")
    assert "For the whole ladder of one of them: duly case why INV-" in why
    assert "later:" not in why
    assert "later:" in house.type("case", "why", "INV-5")
