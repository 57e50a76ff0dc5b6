"""Answers to a 1.6 station, encoded."""

from __future__ import annotations

from typing import Final, assert_never

import orjson

from engine.charging.kept.notices import NoticeAnswer
from engine.charging.messages import (
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
from engine.ocpp.v16.authorize import id_tag_info

_ACKNOWLEDGED: Final = Acknowledged


def encode(answer: Answer) -> bytes:
    """The CALLRESULT's payload."""
    return b"{}" if type(answer) is _ACKNOWLEDGED else orjson.dumps(payload_of(answer))


def payload_of(answer: Answer) -> dict[str, Json]:
    """The CALLRESULT's payload as JSON values."""
    match answer:
        case BootAnswer(status, interval, now):
            return {"status": status, "currentTime": to_iso(now), "interval": interval}
        case HeartbeatAnswer(now):
            return {"currentTime": to_iso(now)}
        case AuthorizeAnswer(standing):
            return {"idTagInfo": id_tag_info(standing)}
        case StartAnswer(transaction, standing):
            return {"transactionId": transaction, "idTagInfo": id_tag_info(standing)}
        case StopAnswer(standing):
            return {} if standing is None else {"idTagInfo": id_tag_info(standing)}
        case DataTransferAnswer(status, data):
            if data is None:
                return {"status": status}
            # 1.6's data is text; whoever answers with a structure means its JSON.
            return {"status": status, "data": data if isinstance(data, str) else orjson.dumps(data).decode()}
        case NoticeAnswer(content):
            return dict(content)
        case Acknowledged():
            return {}
        case TransactionAnswer():
            raise TypeError("1.6 has no TransactionEvent to answer")
        case _:
            assert_never(answer)
