"""What a connector is: OCPI's words for its type, format and power, and the code in the address of its QR code."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from engine.errors import InvalidInput

_TYPES = """
    CHADEMO CHAOJI GBT_AC GBT_DC IEC_62196_T1 IEC_62196_T1_COMBO IEC_62196_T2 IEC_62196_T2_COMBO IEC_62196_T3A
    IEC_62196_T3C IEC_60309_2_single_16 IEC_60309_2_three_16 IEC_60309_2_three_32 IEC_60309_2_three_64 NEMA_5_20
    NEMA_6_30 NEMA_6_50 NEMA_10_30 NEMA_10_50 NEMA_14_30 NEMA_14_50 PANTOGRAPH_BOTTOM_UP PANTOGRAPH_TOP_DOWN TESLA_R
    TESLA_S
"""
TYPES = frozenset(_TYPES.split()) | {f"DOMESTIC_{letter}" for letter in "ABCDEFGHIJKLMNO"}
"""ConnectorType of OCPI 2.2.1 (mod_locations, 8.4.7)."""

FORMATS = frozenset({"SOCKET", "CABLE"})
PHASES = {"AC_1_PHASE": 1.0, "AC_2_PHASE": 2.0, "AC_2_PHASE_SPLIT": 2.0, "AC_3_PHASE": 3.0, "DC": 1.0}
"""PowerType → how many times voltage (of one phase) and amperage its power is."""

POWER_TYPES = frozenset(PHASES)
MAX_NUMBER = 255
"""Largest EVSE or connector number."""

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10
CODE_PATTERN = rf"^[{_LETTERS}]{{{CODE_LENGTH}}}$"
"""Codes are read and typed by people: no 0, 1, I, L, O."""


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector as an operator describes it, by the numbers that its station uses.

    Voltage is that of one phase in V, amperage that of one phase in A, power in W; None where nobody said. A power that
    nobody said follows from the two.
    """

    evse: int
    connector: int
    type: str
    format: str
    power_type: str
    max_voltage_v: int | None = None
    max_amperage_a: int | None = None
    max_power_w: int | None = None
    label: str = ""

    @property
    def power_w(self) -> int | None:
        """The most that it gives, W; None where that cannot be told."""
        if self.max_power_w is not None:
            return self.max_power_w
        if self.max_voltage_v is None or self.max_amperage_a is None:
            return None
        return round(PHASES[self.power_type] * self.max_voltage_v * self.max_amperage_a)


def checked_connector(connector: Connector) -> Connector:
    """`connector` if there can be such a one, else InvalidInput."""
    for field, number in (("evse", connector.evse), ("connector", connector.connector)):
        if not 1 <= number <= MAX_NUMBER:
            raise InvalidInput(
                f"{field} cannot be {number}.", field=field, remedy=f"Use a number from 1 to {MAX_NUMBER}."
            )
    for field, word, known in (
        ("type", connector.type, TYPES),
        ("format", connector.format, FORMATS),
        ("power_type", connector.power_type, POWER_TYPES),
    ):
        if word not in known:
            raise InvalidInput(f"{field} cannot be {word!r}.", field=field, remedy=f"Use one of {_listed(known)}.")
    for field, amount, most in (
        ("max_voltage_v", connector.max_voltage_v, 2_000),
        ("max_amperage_a", connector.max_amperage_a, 5_000),
        ("max_power_w", connector.max_power_w, 10_000_000),
    ):
        if amount is not None and not 1 <= amount <= most:
            raise InvalidInput(f"{field} cannot be {amount}.", field=field, remedy=f"Use a number from 1 to {most}.")
    return connector


def fresh_code() -> str:
    """A new public code: 10 letters and digits, some 49 bits, so that nobody finds another's by trying."""
    return "".join(secrets.choice(_LETTERS) for _ in range(CODE_LENGTH))


def _listed(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
