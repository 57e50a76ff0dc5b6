"""Charging profiles with the composite schedule, limits that others set, and what EVs need: as last told.

A profile is a dict with `id`, `evse` (0: the station), `purpose` (ChargingStationMaxProfile also for 1.6's
ChargePointMaxProfile), `stack_level`, `kind`, `recurrency`, `valid_from`, `valid_to`, `transaction`, `schedules`,
`source` (CSO is us) and `command`: what set it, or asked for the report that told it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from engine.charging.config import MachineConfig
from engine.charging.effects import Append, Effect, Operate, Reply
from engine.charging.kept import parts as kept
from engine.charging.kept.facts import CompositeRead, ProfilesCleared, ProfileSet
from engine.charging.kept.notice_events import LimitChanged, NeedsTold
from engine.charging.kept.notices import LimitReported, NeedsReported, NoticeAnswer, ScheduleReported
from engine.charging.messages import Acknowledged
from engine.charging.operations import SetChargingProfile
from engine.charging.smart import load_levelling
from engine.charging.state import ChargePointState, Transaction
from engine.clock import SECOND

MAX_PROFILES = 200
MAX_EVSES = 64
"""Composite schedules, limits and needs are kept for so many EVSEs (and sources)."""

MAX_REFUSALS = 3
"""So often in a row a transaction is offered anew what its EV does not keep to."""

_PATIENCE = 60 * SECOND
"""How long an EV waits for a profile after its needs were told (K15)."""

Row = dict[str, Any]

_PROCESSING = Reply(NoticeAnswer({"status": "Processing"}))
_ACCEPTED = Reply(NoticeAnswer({"status": "Accepted"}))
_REJECTED = Reply(NoticeAnswer({"status": "Rejected"}))


def profile_set(state: ChargePointState, fact: ProfileSet, command: str, now: int) -> None:
    """It replaces the profile of the same id, and the one of its purpose and stack level at the same EVSE.

    1.6, 5.16; 2.x, K01. Profiles of a transaction take each other's place only within that transaction.
    """
    new = fact.profile
    known = kept.load(state, kept.PROFILES)
    rows = [row for row in known.get("rows", ()) if not _replaces(new, row)]
    known["rows"] = [*rows, {**new, "command": command, "read_at": now}][-MAX_PROFILES:]
    kept.store(state, kept.PROFILES, known)


def _replaces(new: Row, old: Row) -> bool:
    if new["id"] == old["id"]:
        return True
    return all(new[name] == old[name] for name in ("evse", "purpose", "stack_level", "transaction", "source"))


def profiles_cleared(state: ChargePointState, fact: ProfilesCleared, command: str, now: int) -> None:
    """An id is enough; without one every member that is given has to fit."""
    known = kept.load(state, kept.PROFILES)
    known["rows"] = [row for row in known.get("rows", ()) if not _cleared(row, fact)]
    kept.store(state, kept.PROFILES, known)


def _cleared(row: Row, fact: ProfilesCleared) -> bool:
    if fact.id is not None:
        return bool(row["id"] == fact.id)
    wanted = {"evse": fact.evse, "purpose": fact.purpose, "stack_level": fact.stack_level}
    return all(value is None or row[name] == value for name, value in wanted.items())


def transaction_over(state: ChargePointState, transaction: str) -> None:
    """A transaction's own profiles end with it (1.6, 3.13; 2.x, K01)."""
    if kept.PROFILES not in state.kept:
        return
    known = kept.load(state, kept.PROFILES)
    left = [row for row in known.get("rows", ()) if row["transaction"] != transaction or row["purpose"] != "TxProfile"]
    if len(left) < len(known.get("rows", ())):
        kept.store(state, kept.PROFILES, {**known, "rows": left})


def composite_read(state: ChargePointState, fact: CompositeRead, command: str, now: int) -> None:
    """The last one of each EVSE."""
    known = kept.load(state, kept.PROFILES)
    others = [row for row in known.get("composites", ()) if row["evse"] != fact.evse]
    known["composites"] = [*others, {"evse": fact.evse, **fact.schedule, "read_at": now}][-MAX_EVSES:]
    kept.store(state, kept.PROFILES, known)


def limit_reported(
    state: ChargePointState, message: LimitReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """NotifyChargingLimit and ClearedChargingLimit (2.x, K11 to K13)."""
    state.last_seen = now
    known = kept.load(state, kept.LIMITS)
    rows = [r for r in known.get("rows", ()) if (r["evse"], r["source"]) != (message.evse, message.source)]
    if not message.cleared:
        row = {"evse": message.evse, "source": message.source, "grid_critical": message.grid_critical}
        rows.append({**row, "schedules": list(message.schedules), "at": now})
    kept.store(state, kept.LIMITS, {"rows": rows[-MAX_EVSES:]})
    event = LimitChanged(
        state.charge_point,
        now,
        message.evse,
        message.source,
        message.cleared,
        message.grid_critical,
        list(message.schedules),
    )
    effects += (Append(event), Reply(Acknowledged()))


def needs_reported(
    state: ChargePointState, message: NeedsReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """NotifyEVChargingNeeds (2.x, K15, K17): the transaction there is offered a schedule at once.

    Where we have none for it, whoever plans the charging sends a profile afterwards: it is Processing.
    """
    _keep_needs(
        state, message.evse, {"needs": dict(message.needs), "needs_at": now, "refusals": 0, "waits": False}, now
    )
    effects.append(Append(NeedsTold(state.charge_point, now, message.evse, dict(message.needs), None)))
    offered = _offer(state, message.evse, now)
    if offered is None and _transaction_at(state, message.evse) is None:
        _keep_needs(state, message.evse, {"waits": True}, now)
    effects += [_PROCESSING] if offered is None else [_ACCEPTED, offered]


def transaction_begun(state: ChargePointState, evse: int, now: int, effects: list[Effect]) -> None:
    """Offer it what its EV waits for since before it began: some stations begin with the flow of energy (E01)."""
    known = _needs_at(state, evse)
    if not known.get("waits"):
        return
    _keep_needs(state, evse, {"waits": False}, now)
    offered = _offer(state, evse, now) if now - known["needs_at"] <= _PATIENCE else None
    effects += [] if offered is None else [offered]


def schedule_reported(
    state: ChargePointState, message: ScheduleReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """NotifyEVChargingSchedule (2.x, K15 to K17): one above the limits is rejected, and negotiated anew."""
    transaction = _transaction_at(state, message.evse)
    own = [] if transaction is None else load_levelling.own_profiles(_profiles(state), transaction.transaction)
    keeps = not own or load_levelling.keeps_to(own[0], message.schedule, now)
    refusals = 0 if keeps else _needs_at(state, message.evse).get("refusals", 0) + 1
    told = {"schedule": dict(message.schedule), "schedule_at": now, "refusals": refusals}
    _keep_needs(state, message.evse, told, now)
    effects.append(Append(NeedsTold(state.charge_point, now, message.evse, None, dict(message.schedule))))
    effects.append(_ACCEPTED if keeps else _REJECTED)
    if 0 < refusals <= MAX_REFUSALS:
        offered = _offer(state, message.evse, now)
        effects += [] if offered is None else [offered]


def _offer(state: ChargePointState, evse: int, now: int) -> Operate | None:
    """A profile for the transaction at an EVSE, by what is kept of it. None where there is nothing to offer."""
    transaction, known = _transaction_at(state, evse), _needs_at(state, evse)
    if transaction is None:
        return None
    names = state.charge_point, transaction.transaction
    planned, needs = known.get("planned", ""), known.get("needs", {})
    offer = load_levelling.offer_of(*names, evse, _profiles(state), planned, needs, now)
    if offer is None:
        return None
    words = "\x00".join((*names, "offer", str(now), str(known.get("refusals", 0))))
    command = hashlib.blake2b(words.encode(), digest_size=16).hexdigest()
    if offer.planned:
        _keep_needs(state, evse, {"planned": command}, now)
    return Operate(command, SetChargingProfile(offer.profile, evse), now + _PATIENCE)


def _transaction_at(state: ChargePointState, evse: int) -> Transaction | None:
    """The transaction that runs there, the youngest if there are several."""
    here = [transaction for transaction in state.open.values() if transaction.evse == evse]
    return max(here, key=lambda transaction: transaction.started, default=None)


def _profiles(state: ChargePointState) -> list[Row]:
    rows: list[Row] = kept.load(state, kept.PROFILES).get("rows", [])
    return rows


def _needs_at(state: ChargePointState, evse: int) -> Row:
    rows: list[Row] = kept.load(state, kept.NEEDS).get("rows", [])
    return next((row for row in rows if row["evse"] == evse), {"evse": evse})


def _keep_needs(state: ChargePointState, evse: int, told: Row, now: int) -> None:
    state.last_seen = now
    mine = _needs_at(state, evse)
    others = [row for row in kept.load(state, kept.NEEDS).get("rows", ()) if row["evse"] != evse]
    kept.store(state, kept.NEEDS, {"rows": [*others, mine | told][-MAX_EVSES:]})
