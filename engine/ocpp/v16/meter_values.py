"""MeterValues and the readings in StopTransaction (OCPP 1.6, sections 4.7 and 7.33): the hot path.

What six texts of a sampled value (measurand, phase, location, context, format, unit) mean is worked out once and
remembered, so a sample costs one lookup and one Decimal. Written out flat on purpose: a call a field would double it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from engine.charging.messages import Instant, MeterReading, MetersReported, Sample
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.port import Circumstances
from engine.ocpp.times import read_time
from engine.ocpp.units import is_plain, multiply, read_value, unit_of
from engine.ocpp.v16.fields import checked_connector, connector_on, instant

_CACHE_LIMIT = 4096
_Key = tuple[str | None, str | None, str | None, str | None, str | None, str | None]


class _Meaning(NamedTuple):
    """A sample without its value. `texts` are measurand, phase, location, context, format, unit with their defaults.

    `odd`: its values need a second look, because they are signed data or the unit deviates.
    """

    texts: tuple[str, str, str, str, str, str]
    factor: Decimal | None
    base_unit: str
    odd: bool
    deviation: Deviation | None


_meanings: dict[_Key, _Meaning] = {}
_new_tuple = tuple.__new__


def understand(payload: dict[str, Any], circumstances: Circumstances) -> MetersReported:
    evse = checked_connector(payload["connectorId"])
    transaction = payload.get("transactionId")
    return MetersReported(
        evse,
        connector_on(evse),
        "" if transaction is None else str(transaction),
        readings(payload["meterValue"], circumstances),
    )


def readings(meter_values: Iterable[dict[str, Any]], circumstances: Circumstances) -> tuple[MeterReading, ...]:
    """MeterValue elements as readings. Elements without any sampled value are left out: they say nothing."""
    received = circumstances.received
    known = _meanings.get
    found = []
    for meter_value in meter_values:
        samples = []
        for sampled in meter_value.get("sampledValue", ()):
            get = sampled.get
            key = (get("measurand"), get("phase"), get("location"), get("context"), get("format"), get("unit"))
            texts, factor, base_unit, odd, _ = known(key) or _learn(key)
            raw = get("value", "")
            if odd or is_plain(raw) is None:
                value = _odd_value(raw, known(key) or _learn(key), circumstances)
            else:
                value = Decimal(raw) if factor is None else multiply(Decimal(raw), factor)
            samples.append(_new_tuple(Sample, (*texts, raw, value, base_unit)))
        if not samples:
            continue
        said = meter_value.get("timestamp")
        believed, deviation = read_time(said, received) if said else (received, Deviation.MISSING_TIME)
        at = Instant(said, believed, received) if deviation is None else instant(meter_value, circumstances)
        found.append(MeterReading(at, tuple(samples)))
    return tuple(found)


def _odd_value(raw: str, meaning: _Meaning, circumstances: Circumstances) -> Decimal | None:
    """The value of a sample that is not simply a plain number in a unit of the specification."""
    texts = meaning.texts
    if meaning.deviation is not None:
        note(circumstances.notes, meaning.deviation, f"{texts[0]} in {texts[5]}")
    if texts[4] == "SignedData":
        return None
    value, deviation = read_value(raw, meaning.factor)
    if deviation is not None:
        note(circumstances.notes, deviation, f"{texts[0]}: {raw[:40]}")
    return value


def _learn(key: _Key) -> _Meaning:
    """Work out what a sample with these six texts means, and remember it."""
    measurand, phase, location, context, said_format, said_unit = key
    name = measurand or "Energy.Active.Import.Register"
    unit = unit_of(name, said_unit)
    meaning = _Meaning(
        (
            name,
            phase or "",
            location or "Outlet",
            context or "Sample.Periodic",
            said_format or "Raw",
            unit.said,
        ),
        unit.factor,
        unit.base,
        said_format == "SignedData" or unit.deviation is not None,
        unit.deviation,
    )
    if len(_meanings) >= _CACHE_LIMIT:
        _meanings.clear()
    _meanings[key] = meaning
    return meaning
