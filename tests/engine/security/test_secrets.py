"""Passwords as bytes: 1.6's key in its digits is the key itself, everything else is what it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.security.secrets import as_bytes, candidates, canonical, checked_secret, fresh_secret, secret_of_hex


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=20))
def test_the_digits_of_a_key_mean_the_key_in_either_case(key: bytes) -> None:
    for digits in (key.hex(), key.hex().upper()):
        assert canonical(digits.encode()) == key
        assert key in candidates(digits.encode())


@settings(deadline=None)
@given(st.text(min_size=1, max_size=31))
def test_shorter_text_is_what_it_is(text: str) -> None:
    raw = as_bytes(text)
    if len(raw) < 32:
        assert canonical(raw) == raw
        assert candidates(raw) == (raw,)


def test_a_fresh_one_fits_every_version_and_none_is_like_another() -> None:
    made = {fresh_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(secret) == 40 and len(checked_secret(secret)) == 20 for secret in made)


def test_what_cannot_be_a_secret_is_refused() -> None:
    for secret in ("", b"", "x" * 257):
        with pytest.raises(InvalidInput):
            checked_secret(secret)
    for digits in ("0", "zz" * 16, ""):
        with pytest.raises(InvalidInput):
            secret_of_hex(digits)
    assert secret_of_hex("00ff" * 8) == b"\x00\xff" * 8
