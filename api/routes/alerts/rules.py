"""The rules that alerts come from: a network's own, the installation's, or those out of the box."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.schemas.alerts import RuleChange, RuleOut, RulesOut
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged

router = APIRouter(prefix="/alert-rules", tags=["alert rules"])
Kind = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$", examples=["faulted"])]
Network = Annotated[
    str | None,
    Query(pattern=r"^[0-9A-Za-z_.:-]{1,64}$", description="Whose rule; without it the installation's, or one's own."),
]


@router.get("", operation_id="listAlertRules", summary="The rules that are in force")
async def list_rules(here: Here, scope: Scoped, network: Network = None) -> RulesOut:
    rows = await here.ports.business.alerts.rules.all(network, scope)
    return RulesOut(items=[RuleOut.of(row) for row in rows])


@router.get("/{kind}", operation_id="getAlertRule", summary="One rule that is in force")
async def get_rule(kind: Kind, here: Here, scope: Scoped, response: Response, network: Network = None) -> RuleOut:
    row = await here.ports.business.alerts.rules.get(kind, network, scope)
    tagged(response, row.version)
    return RuleOut.of(row)


@router.patch("/{kind}", operation_id="changeAlertRule", summary="Change a rule")
async def change_rule(
    kind: Kind,
    body: RuleChange,
    here: Here,
    scope: Scoped,
    version: IfMatch,
    response: Response,
    network: Network = None,
) -> RuleOut:
    """In force at once, also for what is open."""
    row = await here.ports.business.alerts.rules.change(kind, network, body.changes, scope, version=version)
    tagged(response, row.version)
    return RuleOut.of(row)


@router.delete("/{kind}", operation_id="resetAlertRule", summary="Drop the rule of one's own")
async def reset_rule(
    kind: Kind, here: Here, scope: Scoped, version: IfMatch, response: Response, network: Network = None
) -> RuleOut:
    """What is in force then: the installation's, or the one out of the box."""
    row = await here.ports.business.alerts.rules.reset(kind, network, scope, version=version)
    tagged(response, row.version)
    return RuleOut.of(row)
