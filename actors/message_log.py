"""The message log's rows: every frame of a conversation, redacted, with its answer or its latency.

A station's CALL and our answer are one row, for both are known in one step; every other frame has a row of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from engine.charging.messages import Deviated
from engine.clock import SECOND
from engine.journal.encoding import message_record
from engine.journal.port import Record
from engine.ocpp.frames import CALL, CALL_ERROR, CALL_RESULT, SEND, error_text, result_text
from engine.ocpp.port import OcppVersion
from engine.ocpp.redaction import redact_text
from engine.ocpp.rpc import CallReceived, ErrorReceived, Ignored, Rejected, ResultReceived

if TYPE_CHECKING:
    from actors.interpreter import Batch
    from actors.runtime import Runtime

UNREADABLE = 0
"""The type of a row whose frame could not be read."""

_READINGS: Final = frozenset({"MeterValues", "TransactionEvent"})

MAX_MESSAGE_ID = 255
"""Longer message ids are cut in the log's column; the frame itself has them whole."""


def call_record(
    runtime: Runtime, charge_point: str, connection: int, call: CallReceived, batch: Batch, version: OcppVersion
) -> Record:
    """A station's CALL and our answer, None where it gets none; or a SEND, which gets none."""
    deviations = call.deviations
    # What is text already was known by its form, which has no room for a secret.
    raw = call.raw if isinstance(call.raw, str) else _without_secrets(call, call.raw, batch)
    answer: str | None = None
    if batch.payload is not None and call.number:
        batch.answer = result_text(call.message_id, batch.payload)
        answer = batch.answer.decode()
    elif batch.refusal is not None and call.number:
        code, description = batch.refusal
        answer = error_text(call.message_id, version.error_code(code), description).decode()
    latency = None
    if answer is not None:
        # The row leaves with the commit that the answer waits for: the last one's time stands for it.
        wait = int(runtime.committer.metrics.last_seconds * SECOND) if batch.durable else 0
        latency = runtime.clock.now() - batch.now + wait
    return message_record(
        charge_point,
        connection,
        batch.now,
        "in",
        CALL if call.number else SEND,
        call.action,
        call.message_id,
        raw,
        answer,
        [deviation.name for deviation in deviations] if deviations else (),
        latency,
    )


def _without_secrets(call: CallReceived, text: bytes, batch: Batch) -> str:
    # A reading that passed its schema has room for a secret in 2.x's free fields only; it is the most frequent frame.
    plain = batch.proven or (call.action in _READINGS and not _has_free_fields(text))
    # Without a deviation the strict parser has read it, so it is UTF-8.
    return text.decode() if plain and not call.deviations else redact_text(text).decode("utf-8", "replace")


def _has_free_fields(text: bytes) -> bool:
    return b"customData" in text or b"additionalInfo" in text


def heard_record(
    charge_point: str,
    connection: int,
    heard: ResultReceived | ErrorReceived | Rejected | Ignored,
    text: bytes,
    now: int,
) -> Record:
    """A station's answer, with the time since our CALL left, or a frame that could not be read, with what we said."""
    kind, action = UNREADABLE, ""
    answer: str | None = None
    latency: int | None = None
    if isinstance(heard, ResultReceived | ErrorReceived):
        kind = CALL_RESULT if isinstance(heard, ResultReceived) else CALL_ERROR
        message_id, action, latency = heard.message_id, heard.action, now - heard.left_at
        if isinstance(heard, ResultReceived) and heard.complaint is not None:
            answer = heard.complaint.decode()
    elif isinstance(heard, Ignored):
        kind, message_id = heard.kind, heard.message_id
    else:
        message_id = heard.error.message_id or ""
        answer = None if heard.answer is None else heard.answer.decode()
    raw = redact_text(text).decode("utf-8", "replace")
    return message_record(
        charge_point,
        connection,
        now,
        "in",
        kind,
        action,
        message_id[:MAX_MESSAGE_ID],
        raw,
        answer,
        names(heard.deviations),
        latency,
    )


def own_call_record(charge_point: str, connection: int, action: str, message_id: str, text: bytes, now: int) -> Record:
    """Our CALL; the station's answer has a row of its own, with the same message id."""
    raw = redact_text(text).decode()
    return message_record(charge_point, connection, now, "out", CALL, action, message_id, raw, None, (), None)


def names(deviations: Sequence[Deviated]) -> list[str]:
    """The names of deviations, as the row has them."""
    return [deviation.name for deviation in deviations]
