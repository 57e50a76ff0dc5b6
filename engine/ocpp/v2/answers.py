"""Answers to a 2.x station, encoded. Optional fields without content are left out, as 2.x wants it (Part 4)."""

from __future__ import annotations

from typing import assert_never

import orjson

from engine.charging.kept.notices import NoticeAnswer
from engine.charging.messages import (
    NOTHING_TO_SAY,
    Acknowledged,
    Answer,
    AuthorizeAnswer,
    BootAnswer,
    DataTransferAnswer,
    HeartbeatAnswer,
    Json,
    StartAnswer,
    StopAnswer,
    TransactionAnswer,
)
from engine.clock import to_iso
from engine.ocpp.v2.tokens import id_token_info


def encode(answer: Answer) -> bytes:
    """The CALLRESULT's payload."""
    if answer is NOTHING_TO_SAY or type(answer) is Acknowledged:
        return b"{}"
    return orjson.dumps(payload_of(answer))


def payload_of(answer: Answer) -> dict[str, Json]:
    """The CALLRESULT's payload as JSON values."""
    match answer:
        case BootAnswer(status, interval, now):
            return {"status": status, "currentTime": to_iso(now), "interval": interval}
        case HeartbeatAnswer(now):
            return {"currentTime": to_iso(now)}
        case AuthorizeAnswer(standing):
            return {"idTokenInfo": id_token_info(standing)}
        case TransactionAnswer():
            return _transaction(answer)
        case DataTransferAnswer(status, data):
            return {"status": status} if data is None else {"status": status, "data": data}
        case NoticeAnswer(content):
            return dict(content)
        case Acknowledged():
            return {}
        case StartAnswer() | StopAnswer():
            raise TypeError("2.x has neither StartTransaction nor StopTransaction to answer")
        case _:
            assert_never(answer)


def _transaction(answer: TransactionAnswer) -> dict[str, Json]:
    payload: dict[str, Json] = {}
    if answer.total_cost is not None:
        # A JSON number (2.0.1 I02): the only place where money leaves exact decimals, and only for the display.
        payload["totalCost"] = float(answer.total_cost)
    if answer.standing is not None:
        payload["idTokenInfo"] = id_token_info(answer.standing)
    return payload
