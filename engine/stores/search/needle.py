"""What somebody on the phone says, taken as everything that it could be: a number, a plate, an address, a name.

Pure. What is shown of a person in a list of findings is as little as tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.stores.drivers.driver import digits_of, plate_of

TAIL = 8
"""The last digits of a phone number, by which it is found whatever country code it is said or kept with."""

SHORTEST_PHONE, SHORTEST_PLATE, SHORTEST_PREFIX = 4, 3, 3
_PHONE = frozenset("+-()./ 0123456789")


@dataclass(frozen=True, slots=True)
class Needle:
    """What is looked for. `digits` "" unless it can be a phone number, `plate` "" unless it can be a plate."""

    text: str
    digits: str
    plate: str

    @classmethod
    def of(cls, text: str) -> Needle:
        text = " ".join(text.split())
        digits = digits_of(text) if set(text) <= _PHONE else ""
        plate = plate_of(text) if "@" not in text else ""
        return cls(
            text,
            digits if len(digits) >= SHORTEST_PHONE else "",
            plate if len(plate) >= SHORTEST_PLATE else "",
        )

    @property
    def folded(self) -> str:
        """As what has no case is kept."""
        return self.text.lower()

    @property
    def tail(self) -> str:
        """The last digits, "" where there are too few for a whole number."""
        return self.digits[-TAIL:] if len(self.digits) >= TAIL else ""

    @property
    def may_be_beginning(self) -> bool:
        """Whether it is long enough to be looked for as the beginning of something."""
        return len(self.text) >= SHORTEST_PREFIX


def same_phone(kept: str, said: str) -> bool:
    """Whether two numbers, in digits, are one: a country code or a leading zero may be missing on either side."""
    kept, said = kept.lstrip("0"), said.lstrip("0")
    return bool(kept and said) and (kept.endswith(said) or said.endswith(kept))


def masked_phone(phone: str) -> str:
    """The last three digits."""
    digits = digits_of(phone)
    return f"…{digits[-3:]}" if digits else ""


def masked_email(email: str) -> str:
    """The first letter and the domain."""
    name, at, domain = email.partition("@")
    return f"{name[:1]}…@{domain}" if at else ""
