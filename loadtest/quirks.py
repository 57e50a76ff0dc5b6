"""The liberties that real charge points take with OCPP, by name, each off unless asked for.

Those about StopTransaction are 1.6's; the others mean TransactionEvents, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Quirk(StrEnum):
    NO_BOOT_AFTER_RECONNECT = "no_boot_after_reconnect"
    """A reconnect without a reboot goes on where it was."""
    SAME_ID_ON_RETRY = "same_id_on_retry"
    """A repeated CALL carries the message id of the first attempt."""
    DUPLICATES = "duplicates"
    """Some acknowledged transaction messages are sent once more."""
    OUT_OF_ORDER_METERS = "out_of_order_meters"
    """Some meter values leave after the ones that follow them."""
    KWH_AS_WH = "kwh_as_wh"
    """The register in kWh, labelled Wh."""
    NO_SUBPROTOCOL = "no_subprotocol"
    """The handshake names no Sec-WebSocket-Protocol."""
    STOP_TWICE = "stop_twice"
    """A second StopTransaction for the same transaction, with a later timestamp."""
    METERS_AFTER_STOP = "meters_after_stop"
    """One more MeterValues with the transaction's id after its end."""
    STOP_WITHOUT_TAG = "stop_without_tag"
    """StopTransaction names no idTag."""
    TWO_ANSWERS = "two_answers"
    """A CALLRESULT to a command is followed by a CALLERROR."""
    NO_ZONE = "no_zone"
    """Timestamps without a zone."""
    METER_OBJECT = "meter_object"
    """`meterValue` is an object where a list of one belongs."""
    NUMBERS_AS_VALUES = "numbers_as_values"
    """Sampled values are JSON numbers instead of text; in 2.x, text instead of numbers."""


def quirks(names: Iterable[str]) -> frozenset[Quirk]:
    """The quirks of these names. Raises ValueError naming the unknown one and what there is."""
    known = {quirk.value: quirk for quirk in Quirk}
    wanted = set(names)
    if unknown := sorted(wanted - known.keys()):
        raise ValueError(f"There is no quirk {unknown[0]!r}; there are: {', '.join(known)}.")
    return frozenset(known[name] for name in wanted)
