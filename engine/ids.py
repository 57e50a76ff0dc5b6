"""Names of things: how ids are made and how charge points fall into partitions."""

from __future__ import annotations

import uuid
import zlib

from engine.errors import InvalidInput

MAX_CHARGE_POINT_ID = 48
"""Longest charge point id that we accept (OCPP 2.x identity, Part 4 section 3.1.1: 48 characters)."""


def new_id() -> str:
    """A fresh, unguessable, globally unique id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def partition_of(charge_point: str, partitions: int) -> int:
    """The journal partition of a charge point: stable over releases and machines."""
    return zlib.crc32(charge_point.encode()) % partitions


def checked_charge_point_id(text: str) -> str:
    """Return `text` if it can be a charge point's id, else raise InvalidInput naming what is wrong with it."""
    if not text or len(text) > MAX_CHARGE_POINT_ID:
        raise InvalidInput(
            f"A charge point id has 1 to {MAX_CHARGE_POINT_ID} characters, this one has {len(text)}.",
            field="charge_point_id",
            remedy=f"Use at most {MAX_CHARGE_POINT_ID} characters.",
        )
    if not text.isprintable() or any(c in '/\\?#%{}"' or c.isspace() for c in text):
        raise InvalidInput(
            'A charge point id has printable characters other than space and / \\ ? # % { } ".',
            field="charge_point_id",
            remedy="Use letters, digits and . _ - : = @ + *",
        )
    return text
