"""What stands on a receipt: the stored words and figures, in the station's time, and nothing that runs."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import pytest

from engine.billing.document import Occasion, Reference, receipt_document
from engine.billing.facts import Facts, Figures, facts_of, facts_of_event, masked, with_figures
from engine.billing.issuer import Issuer
from engine.billing.judgement import judge
from engine.billing.number_formats import checked_format, number_of, period_of
from engine.billing.numbering import Number
from engine.billing.premises import Premises
from engine.billing.printing.html import html_of
from engine.billing.printing.pdf import pdf_of
from engine.billing.printing.wording import print_of
from engine.clock import SECOND
from engine.errors import InvalidInput
from engine.tariffs.course import Course, Flow
from tests.engine.billing.world import MINUTE, SELLER, T0, settled

MALL = Premises("default", "mall", "City Mall <b>", ("1 Mall Road", "Bengaluru"), "IN", "KA", "Gate", "CCS", 60_000)
FACTS = facts_of_event(asdict(settled("s1")), "u-1")


def document(facts: Facts = FACTS, occasion: Occasion = Occasion(), **seller: Any) -> dict[str, Any]:
    issuer = Issuer("i1", "default", replace(SELLER, **seller))
    bill = judge(facts, MALL, issuer).bill
    assert bill is not None
    number = Number("RC/26-27/000017", "26-27", 17, "2026-06-15")
    return receipt_document(issuer, MALL, facts, bill, number, T0 + 3600 * SECOND, occasion)


def test_the_print_says_it_in_the_stations_time_and_to_the_paisa() -> None:
    shown = print_of(document())
    assert (shown.title, shown.number, shown.date) == ("Tax invoice", "RC/26-27/000017", "15 June 2026")
    facts = dict(shown.facts)
    assert facts["Started"] == "15 June 2026, 10:36:40 (Asia/Kolkata, UTC+05:30)"
    assert (facts["Energy"], facts["Duration"], facts["Token"]) == ("22 kWh", "52 min", "••••••••••E6F7")
    assert [(line.quantity, line.unit_price, line.amount) for line in shown.lines] == [
        ("22 kWh", "₹18.00", "₹396.00"),
        ("7 min", "₹3.00", "₹21.00"),
    ]
    assert shown.sums[1:] == (("CGST 9 % on ₹417.00", "₹37.53"), ("SGST 9 % on ₹417.00", "₹37.53"))
    assert (shown.total, shown.small[-1]) == (("Total", "₹492.06"), "SAC 998714")
    reference = Reference("r0", "RC/26-27/000016", T0)
    again = print_of(document(occasion=Occasion(reference, replace(reference, number="CN/1"), "Wrong meter")))
    assert again.note == (
        "In place of RC/26-27/000016 of 15 June 2026, which credit note CN/1 has given back: Wrong meter"
    )


async def test_html_escapes_everything_and_pdf_is_the_same_each_time() -> None:
    evil = document(name="<script>alert(1)</script> #panic() [x]", footer="$a$ #let x")
    page = html_of(evil)
    assert "<script" not in page
    assert "City Mall &lt;b&gt;" in page
    assert not re.search(r"(?:src|href)=", page)
    pdf = await pdf_of(evil)
    assert pdf.startswith(b"%PDF-")
    assert await pdf_of(evil) == pdf


@pytest.mark.parametrize(
    ("day", "begins", "text", "number"),
    [
        (date(2026, 3, 31), 4, "RC/{fy}/{n:06d}", "RC/25-26/000007"),
        (date(2026, 4, 1), 4, "RC/{fy}/{n:06d}", "RC/26-27/000007"),
        (date(2026, 12, 31), 1, "{fy}-{n}", "2026-7"),
        (date(2099, 12, 31), 4, "{fy}-{n}", "99-00-7"),
        (date(2026, 1, 1), 1, "R{n}", "R7"),
    ],
)
def test_numbers_follow_the_financial_year(day: date, begins: int, text: str, number: str) -> None:
    assert number_of(checked_format(text), period_of(text, day, begins), 7) == number


@pytest.mark.parametrize("text", ["RC", "{n}{n}", "RC {n}", "{x}{n}", "{n:6d}", "RC/{fy}/{n:08d}", "A" * 41 + "{n}"])
def test_other_formats_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        checked_format(text, indian=True)


def test_figures_bend_the_course_in_proportion_and_facts_survive_being_stored() -> None:
    # Other times leave the energy: the registers are known without them.
    half = with_figures(FACTS, Figures(started=T0 + 20 * MINUTE))
    assert half.marks is not None
    assert [mark.register_wh for mark in half.marks.marks] == [12_000, 34_000]
    assert facts_of(half.stored()) == half
    early = with_figures(FACTS, Figures(ended=T0 + 10 * MINUTE))
    assert early.marks is not None
    assert (early.marks.marks[-1].register_wh, early.stopped, early.marks.ended) == (
        23_000,
        T0 + 10 * MINUTE,
        T0 + 10 * MINUTE,
    )
    nothing = replace(FACTS, course={"form": 1, "zone": "UTC", "marks": [], "ended": FACTS.ended})
    made = with_figures(nothing, Figures(energy_wh=half.energy_wh, started=T0))
    assert isinstance(made.marks, Course)
    assert [(mark.at, mark.register_wh, mark.flow) for mark in made.marks.marks] == [
        (T0, 0, Flow.CHARGING),
        (FACTS.ended, 22_000, Flow.CHARGING),
    ]


def test_tokens_are_masked() -> None:
    assert [masked(token) for token in ("04A2B3C4D5E6F7", "ABCD", "A", "")] == ["••••••••••E6F7", "••CD", "•", ""]
