"""Where the `ocpp` package's schemas say something else than the specification: mended before they are compiled.

docs/ocpp-schemas.md lists each with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Schema = dict[str, Any]


def _hertz(schema: Schema) -> None:
    """1.6: the erratum's unit of Frequency is in MeterValues and missing in StopTransaction."""
    data = schema["properties"]["transactionData"]["items"]["properties"]
    units = data["sampledValue"]["items"]["properties"]["unit"]["enum"]
    if "Hertz" not in units:
        units.append("Hertz")


def _idle_time(schema: Schema) -> None:
    """2.1: CostDimensionEnumType is spelt "IdleTIme"; stations that correct it are right, too."""
    dimensions = schema["definitions"]["CostDimensionEnumType"]["enum"]
    if "IdleTime" not in dimensions:
        dimensions.append("IdleTime")


def _stream_times(schema: Schema) -> None:
    """2.1: the example of Part 4, section 4.2.4 gives whole times in `t`, and no `basetime` then."""
    schema["definitions"]["StreamDataElementType"]["properties"]["t"] = {
        "anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}]
    }
    schema["required"] = [name for name in schema["required"] if name != "basetime"]


_AMENDMENTS: Mapping[tuple[str, str], Callable[[Schema], None]] = MappingProxyType(
    {
        ("v16", "StopTransaction"): _hertz,
        ("v21", "TransactionEventRequest"): _idle_time,
        ("v21", "NotifyPeriodicEventStream"): _stream_times,
    }
)


def amend(folder: str, name: str, schema: Schema) -> None:
    """Mend the schema of file `name` in place, if there is anything to mend."""
    mend = _AMENDMENTS.get((folder, name))
    if mend is not None:
        mend(schema)
