"""OCPP-J error codes: ours are those of 2.x; each version spells them its own way.

1.6: OCPP-J 1.6, section 4.2.3, table 7. 2.0.1 and 2.1: Part 4, section 4.3, table 8.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from engine.errors import ProtocolError

MAX_DESCRIPTION = 255
"""Longest errorDescription (characters), in every version."""


class ErrorCode(StrEnum):
    """The neutral spelling, 2.x's."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"


# 1.6 has neither RpcFrameworkError nor MessageTypeNotSupported: "any other error" is GenericError there. Its
# "Occurence" with one r is the specification's own spelling, and stations compare it.
V16_SPELLING = MappingProxyType(
    {code.value: code.value for code in ErrorCode}
    | {
        ErrorCode.FORMAT_VIOLATION.value: "FormationViolation",
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION.value: "OccurenceConstraintViolation",
        ErrorCode.RPC_FRAMEWORK_ERROR.value: "GenericError",
        ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED.value: "GenericError",
    }
)
"""Neutral code → 1.6's."""

V2_SPELLING = MappingProxyType({code.value: code.value for code in ErrorCode})
"""Neutral code → that of 2.0.1 and 2.1."""

_NEUTRAL = {code.value.lower(): code.value for code in ErrorCode} | {
    "formationviolation": ErrorCode.FORMAT_VIOLATION.value,
    "formatviolation": ErrorCode.FORMAT_VIOLATION.value,
    "occurenceconstraintviolation": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION.value,
}


def neutral_code(said: str) -> str:
    """The neutral spelling of a code that a station sent, in any version's; unknown ones stay as they are."""
    return _NEUTRAL.get(said.lower(), said)


def refusal(code: ErrorCode, description: str, message_id: str | None = None) -> ProtocolError:
    """A ProtocolError whose description fits into a CALLERROR."""
    return ProtocolError(code.value, description[:MAX_DESCRIPTION], message_id=message_id)
