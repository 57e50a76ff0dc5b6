"""Security events, requests for certificates, monitors that were triggered, and everything else that is only told.

Journalled for those whom it concerns (alerts, the certificate authority), acknowledged after the commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

from engine.charging import connectors
from engine.charging.config import MachineConfig
from engine.charging.effects import Append, Effect, Reply
from engine.charging.kept import parts as kept
from engine.charging.kept.notice_events import CertificateAsked, MonitorTriggered, SecurityEventSeen, StationNotified
from engine.charging.kept.notices import (
    CertificateRequested,
    Enquiry,
    MonitorsTriggered,
    NoticeAnswer,
    Noticed,
    SecurityEventReported,
)
from engine.charging.messages import Acknowledged, Instant
from engine.charging.secrecy import redacted
from engine.charging.state import ChargePointState

MAX_TOLD = 64
"""So many of the last security events, and of monitor events, are remembered, to know a repeat; of one message all."""

MAX_CONTENT = 16_384
"""A generic event's content in bytes of JSON; the rest stays in the message log."""

_ACCEPTED = Reply(NoticeAnswer({"status": "Accepted"}))


def security_event(
    state: ChargePointState, message: SecurityEventReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """SecurityEventNotification. Stations queue and resend it: what was told before is no second event."""
    state.last_seen = now
    if _news(state, "security", [(message.type, _time(message.at), message.info)])[0]:
        at = message.at
        effects.append(Append(SecurityEventSeen(state.charge_point, message.type, message.info, *at)))
    effects.append(Reply(Acknowledged()))


def certificate_requested(
    state: ChargePointState, message: CertificateRequested, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """SignCertificate: Accepted; the authority takes it from the journal and answers by CertificateSigned.

    Without an authority it is Rejected: the station would wait for ever (2.x, A02.FR.12).
    """
    state.last_seen = now
    if not config.signs_certificates:
        effects.append(Reply(NoticeAnswer({"status": "Rejected"})))
        return
    effects.append(Append(CertificateAsked(state.charge_point, now, message.csr, message.use, message.request)))
    effects.append(_ACCEPTED)


def monitors_triggered(
    state: ChargePointState, message: MonitorsTriggered, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """NotifyEvent (2.x, N07): one event for each that it tells, each once. Some tell a connector's state."""
    state.last_seen = now
    states = dict(message.states)
    said = [tuple(str(event.get(name)) for name in ("eventId", "timestamp", "trigger")) for event in message.events]
    for place, (event, is_new) in enumerate(zip(message.events, _news(state, "monitor", said), strict=True)):
        if is_new:
            effects.append(Append(MonitorTriggered(state.charge_point, *message.at, redacted(dict(event)))))
            if place in states:
                connectors.told_beside(state, states[place], now, config, effects)
    effects.append(Reply(Acknowledged()))


def noticed(state: ChargePointState, message: Noticed, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """What no other part looks at yet: put on record and answered as the specification says."""
    state.last_seen = now
    content, answer = _recorded(message.content), dict(message.answer)
    effects.append(Append(StationNotified(state.charge_point, now, message.kind, content, answer)))
    effects.append(Reply(NoticeAnswer(message.answer) if message.answer else Acknowledged()))


def enquired(state: ChargePointState, message: Enquiry, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """A question that a provider has answered, or that nobody could. What was asked and said is in the message log."""
    state.last_seen = now
    status = {name: message.answer[name] for name in ("status", "statusInfo") if name in message.answer}
    outcome = status | {"provided": message.answered}
    effects.append(Append(StationNotified(state.charge_point, now, message.kind, None, outcome)))
    effects.append(Reply(NoticeAnswer(message.answer)))


def _recorded(content: object) -> object:
    shown = redacted(content)
    return shown if len(orjson.dumps(shown)) <= MAX_CONTENT else None


def _time(at: Instant) -> str:
    return at.said if at.said is not None else str(at.believed)


def _news(state: ChargePointState, kind: str, said: Sequence[tuple[str, ...]]) -> list[bool]:
    """Which of these have not been said yet; from now on they have."""
    told = kept.load(state, kept.TOLD)
    known = dict.fromkeys(told.get(kind, ()))
    new = []
    for words in said:
        digest = hashlib.blake2b("\x00".join(words).encode(), digest_size=8).hexdigest()
        new.append(digest not in known)
        known[digest] = None
    if any(new):
        kept.store(state, kept.TOLD, {**told, kind: list(known)[-max(MAX_TOLD, len(said)) :]})
    return new
