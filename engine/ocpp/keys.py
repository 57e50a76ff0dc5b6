"""The names in JSON objects as the very objects that the parser makes of them."""

from __future__ import annotations

from typing import Final

import orjson


def as_parsed(name: str) -> str:
    """The text object that orjson uses for this key.

    It keeps one for each short key, and a dictionary finds a key by the object itself without comparing texts. Should
    orjson make another one some day, the texts are compared and all is found as before.
    """
    (key,) = orjson.loads(orjson.dumps({name: None}))
    return str(key)


CHARGING_STATE: Final = as_parsed("chargingState")
CONNECTOR_ID: Final = as_parsed("connectorId")
CONTEXT: Final = as_parsed("context")
EVENT_TYPE: Final = as_parsed("eventType")
FORMAT: Final = as_parsed("format")
LOCATION: Final = as_parsed("location")
MEASURAND: Final = as_parsed("measurand")
METER_VALUE: Final = as_parsed("meterValue")
MULTIPLIER: Final = as_parsed("multiplier")
PHASE: Final = as_parsed("phase")
SAMPLED_VALUE: Final = as_parsed("sampledValue")
SEQ_NO: Final = as_parsed("seqNo")
SIGNED_METER_VALUE: Final = as_parsed("signedMeterValue")
TIMESTAMP: Final = as_parsed("timestamp")
TRANSACTION_ID: Final = as_parsed("transactionId")
TRANSACTION_INFO: Final = as_parsed("transactionInfo")
TRIGGER_REASON: Final = as_parsed("triggerReason")
UNIT: Final = as_parsed("unit")
UNIT_OF_MEASURE: Final = as_parsed("unitOfMeasure")
VALUE: Final = as_parsed("value")
