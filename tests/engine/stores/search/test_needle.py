"""What a text can be, and how much of a person is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stores.search.needle import Needle, masked_email, masked_phone, same_phone


def test_a_phone_number_is_known_by_its_last_digits_however_it_is_written() -> None:
    for said in ("+91 98450-12345", "098450 12345", "9845012345", " 98450   12345 "):
        assert Needle.of(said).tail == "45012345"
        assert same_phone("919845012345", Needle.of(said).digits)
    assert not same_phone("919845012345", Needle.of("+49 30 5012345").digits)


@pytest.mark.parametrize("text", ["KA-01 AB 1234", "asha@example.org", "INV-2026-0001", "Asha"])
def test_what_has_letters_is_no_phone_number(text: str) -> None:
    assert Needle.of(text).digits == ""


def test_a_plate_is_known_without_its_blanks_and_hyphens() -> None:
    assert Needle.of("ka-01 ab 1234").plate == "KA01AB1234"
    assert Needle.of("a1").plate == "" == Needle.of("asha.01@example.org").plate


def test_a_person_is_shown_by_as_little_as_tells_them_apart() -> None:
    assert masked_phone("+91 98450-12345") == "…345"
    assert masked_phone("") == ""
    assert masked_email("asha.rao@example.org") == "a…@example.org"
    assert masked_email("") == ""


@given(st.text(max_size=100))
def test_any_text_can_be_looked_for(text: str) -> None:
    needle = Needle.of(text)
    assert set(needle.digits) <= set("0123456789")
    assert len(needle.tail) in (0, 8)
    assert Needle.of(needle.text) == needle
