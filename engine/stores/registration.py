"""A charge point as it is registered: the row, what is needed for a new one, and what of it may be what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import Conflict, InvalidInput
from engine.ids import checked_charge_point_id
from engine.places.checks import checked_tags
from engine.places.commissioning import LIVE, checked_state
from engine.stores.sql.models import DEFAULT_STATION, charge_points

ISOLATIONS = ("shared", "dedicated")
PROFILES = (0, 1, 2, 3)
"""Security profiles (2.x, A00): none, password, password over TLS, client certificate."""

MAX_COMMON_NAME = 64
"""Of a certificate (RFC 5280, appendix A.1)."""

_NAMED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """A charge point as registered, and from `vendor` on as it last reported itself. Times in microseconds.

    `admission` is what its next boot is answered with: accepted, pending or rejected. `version` is raised by every
    change of what people decide.
    """

    id: str
    station_id: str
    name: str
    isolation: str
    security_profile: int
    certificate_name: str | None
    secret_version: int
    enabled: bool
    created: int
    updated: int
    retired: int | None
    vendor: str
    model: str
    serial: str
    firmware: str
    iccid: str
    imsi: str
    meter_type: str
    meter_serial: str
    boot_reason: str
    boot_status: str
    booted: int | None
    notes: str
    commissioning: str
    version: int
    network_id: str
    admission: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewChargePoint:
    """What is needed to register one. `isolation`: shared or dedicated (design, section 2).

    `security_profile` None means 1 with a secret and 0 without. `certificate_name` is the common name in its client
    certificate where that is not its id: the station's serial number.
    """

    id: str
    name: str = ""
    station_id: str = DEFAULT_STATION
    isolation: str = "shared"
    security_profile: int | None = None
    certificate_name: str | None = None
    tags: tuple[str, ...] = ()
    notes: str = ""
    commissioning: str = LIVE

    def row(self, secret_hash: str | None, now: int) -> dict[str, Any]:
        """As it is written into `charge_points`."""
        has_secret = secret_hash is not None
        return {
            "id": self.id,
            "folded": self.id.lower(),
            "name": self.name,
            "notes": self.notes,
            "station_id": self.station_id,
            "commissioning": self.commissioning,
            "isolation": self.isolation,
            "security_profile": int(has_secret) if self.security_profile is None else self.security_profile,
            "certificate_name": self.certificate_name or None,
            "secret_hash": secret_hash,
            "secret_version": int(has_secret),
            "created": now,
            "updated": now,
        }


def audited(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log shows of a charge point: of its secret only which version it is."""
    names = ("name", "notes", "commissioning", "isolation", "security_profile", "certificate_name", "secret_version")
    shown = {name: row[name] for name in names}
    return shown | {
        "station": row["station_id"],
        "enabled": row.get("enabled", True),
        "admission": row.get("admission", "accepted"),
        "tags": list(row.get("tags", ())),
    }


def check_new(new: NewChargePoint, has_secret: bool) -> None:
    """Raise InvalidInput for what cannot be registered."""
    checked_charge_point_id(new.id)
    check_choice("isolation", new.isolation, ISOLATIONS)
    check_choice("security_profile", new.security_profile or 0, PROFILES)
    checked_state(new.commissioning)
    checked_tags(new.tags)
    if new.security_profile in (1, 2) and not has_secret:
        raise passwordless()
    if new.certificate_name is not None:
        checked_certificate_name(new.certificate_name)


def profile_after_secret(profile: int, has_secret: bool) -> int:
    """The security profile after a secret was set or taken away: a certificate needs none."""
    if has_secret:
        return max(profile, 1)
    return profile if profile == 3 else 0


def checked_certificate_name(name: str) -> str | None:
    """The common name to keep, None for "". Raises InvalidInput."""
    if len(name) > MAX_COMMON_NAME or not name.isprintable():
        raise InvalidInput(
            f"A certificate's common name has up to {MAX_COMMON_NAME} printable characters.",
            field="certificate_name",
            remedy="Use the serial number that the station's certificate bears.",
        )
    return name or None


async def no_name_twice(connection: AsyncConnection, ids: Sequence[str], names: Sequence[str | None]) -> None:
    """A certificate must name one charge point only, so nobody's certificate name may be another's id."""
    table = charge_points.c
    own = {name.lower() for name in ids}
    wanted = {name.lower() for name in names if name} - own
    for part in parts(sorted(wanted)):
        await _nobody(connection, table.folded.in_(part))
    for part in parts(sorted(own)):
        await _nobody(connection, func.lower(table.certificate_name).in_(part) & table.folded.not_in(part))


def parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many at a time as one statement may name."""
    for start in range(0, len(names), _NAMED_AT_ONCE):
        yield names[start : start + _NAMED_AT_ONCE]


async def _nobody(connection: AsyncConnection, condition: ColumnElement[bool]) -> None:
    if (await connection.execute(select(charge_points.c.id).where(condition).limit(1))).first() is not None:
        raise Conflict(
            "A certificate name and another charge point's id must differ.",
            field="certificate_name",
            remedy="Use the station's serial number as its id, or another id.",
        )


def passwordless() -> InvalidInput:
    return InvalidInput(
        "Security profiles 1 and 2 need a password.", field="security_profile", remedy="Give a password as well."
    )


def check_choice(field: str, value: object, choices: Sequence[str] | Sequence[int]) -> None:
    """Raise InvalidInput unless `value` is one of `choices`."""
    if value not in choices:
        raise InvalidInput(
            f"{field} cannot be {value!r}.", field=field, remedy=f"Use one of: {', '.join(map(str, choices))}."
        )
