"""What becomes of a settled session, once: a receipt, a review item, or nothing to pay; and of what is learnt later.

All of it in the caller's transaction. A session that is told again (the journal read anew) changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.billing.credits import units
from engine.billing.facts import Facts, amended, facts_of, facts_of_event
from engine.billing.issuer import Issuer
from engine.billing.issuers import current_issuer
from engine.billing.issuing import bill_session, billed_so_far, hold_session
from engine.billing.judgement import Finding, Judgement, judge
from engine.billing.premises import Premises, premises_of
from engine.billing.recipients import driver_of
from engine.faults import reach
from engine.ids import new_id
from engine.stores.sql.dialect import upsert
from engine.stores.sql.tables.billing import review_items, settlements
from engine.stores.tokens.credit import remember_debtor
from engine.tariffs.bill import Bill
from engine.tariffs.stored import stored_bill

RECEIPT, REVIEW, FREE, WAIVED = "receipt", "review", "free", "waived"
SETTLED, AMENDED = "settled", "amended"
OPEN, RESOLVED = "open", "resolved"


async def settle(connection: AsyncConnection, at: int, event: Mapping[str, Any]) -> None:
    """Bill one `session.settled` event. Raises KeyError, TypeError, ValueError for one that cannot be used."""
    session = event["session"]
    known = await connection.execute(select(settlements.c.session).where(settlements.c.session == session))
    if known.first() is not None:
        return
    facts = facts_of_event(event)
    premises, issuer = await circumstances(connection, facts)
    began = facts.stopped if facts.started is None else facts.started
    facts = replace(facts, driver=await driver_of(connection, premises.network, event["id_token"], began))
    await remember_debtor(connection, facts.session, premises.network, event["id_token"], began)
    judgement = judge(facts, premises, issuer)
    outcome = REVIEW if judgement.findings else RECEIPT if is_owed(judgement.bill, issuer) else FREE
    row = {
        "session": session,
        "network": premises.network,
        "charge_point": facts.charge_point,
        "outcome": outcome,
        "facts": facts.stored(),
        "ended": facts.ended,
        "settled": at,
    }
    await connection.execute(insert(settlements), row)
    reach("billing:settled-before-receipt")
    if outcome == REVIEW:
        await _open(connection, at, f"{SETTLED}:{session}", SETTLED, premises, facts, judgement)
    elif outcome == RECEIPT:
        assert issuer is not None
        assert judgement.bill is not None
        await bill_session(connection, at, issuer, premises, facts, judgement.bill)


async def amend(connection: AsyncConnection, at: int, event: Mapping[str, Any], key: str) -> None:
    """Take in one `session.amended` event; `key` is its place in the journal.

    What is under review is shown as it now stands. What is billed stays, and comes under review if it would be billed
    otherwise today. Raises KeyError, TypeError, ValueError for an event that cannot be used.
    """
    settlement = await hold_session(connection, event["session"])
    if settlement is None:
        return
    facts = amended(facts_of(settlement.facts), event)
    await connection.execute(
        update(settlements).where(settlements.c.session == facts.session).values(facts=facts.stored())
    )
    premises, issuer = await circumstances(connection, facts)
    judgement = judge(facts, premises, issuer)
    if await _refresh_open(connection, facts, judgement):
        return
    billed = (await billed_so_far(connection, facts.session)).gross
    proposed = 0 if judgement.bill is None else units(judgement.bill.gross, judgement.bill.currency)
    if judgement.bill is not None and proposed != billed:
        news = Finding(
            "amended_after_billing",
            "The station told more about this session after it was billed, and it would cost something else.",
            "Bill it anew: what was billed is credited.",
        )
        judgement = Judgement(judgement.bill, (news, *judgement.findings))
        await _open(connection, at, f"{AMENDED}:{key}", AMENDED, premises, facts, judgement)


async def circumstances(connection: AsyncConnection, facts: Facts) -> tuple[Premises, Issuer | None]:
    """Where it was, and who bills there."""
    premises = await premises_of(connection, facts.charge_point, facts.evse, facts.connector)
    issuer = None if premises.network is None else await current_issuer(connection, premises.network)
    return premises, issuer


def is_owed(bill: Bill | None, issuer: Issuer | None) -> bool:
    """Whether there is to be a receipt."""
    return bill is not None and issuer is not None and (bool(bill.gross) or issuer.profile.zero_receipts)


def shown_columns(facts: Facts, judgement: Judgement) -> dict[str, Any]:
    """What a review item says of its session as it stands."""
    bill = judgement.bill
    return {
        "findings": [each.stored() for each in judgement.findings],
        "facts": facts.stored(),
        "proposed": None if bill is None else stored_bill(bill),
        "currency": facts.currency if bill is None else bill.currency,
        "gross": 0 if bill is None else units(bill.gross, bill.currency),
    }


async def _open(
    connection: AsyncConnection, at: int, key: str, kind: str, premises: Premises, facts: Facts, judgement: Judgement
) -> None:
    row = {
        "id": new_id(),
        "key": key,
        "kind": kind,
        "network": premises.network,
        "session": facts.session,
        "charge_point": facts.charge_point,
        "opened": at,
        **shown_columns(facts, judgement),
    }
    statement = upsert(connection.dialect.name, review_items).on_conflict_do_nothing(index_elements=["key"])
    await connection.execute(statement, row)


async def _refresh_open(connection: AsyncConnection, facts: Facts, judgement: Judgement) -> bool:
    """Whether the session is under review, which then shows what is known now."""
    changed = await connection.execute(
        update(review_items)
        .where(review_items.c.session == facts.session, review_items.c.state == OPEN)
        .values(**shown_columns(facts, judgement), version=review_items.c.version + 1)
    )
    return changed.rowcount > 0
