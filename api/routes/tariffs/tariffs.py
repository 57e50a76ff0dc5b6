"""Tariffs and their versions."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.routes.paging import Id, Listed, Searched
from api.schemas.resources import Page
from api.schemas.tariffs import (
    ContentJson,
    Currency,
    FindingOut,
    FindingsOut,
    LintIn,
    NetworkId,
    TariffChange,
    TariffIn,
    TariffOut,
    ValidityIn,
    VersionIn,
    VersionOut,
)
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.stores.tariffs.catalogue import WhichTariffs
from engine.stores.tariffs.rows import TariffRow, VersionRow
from engine.tariffs.linter import lint

router = APIRouter(tags=["tariffs"])
Number = Annotated[int, Path(ge=1, le=1_000_000, description="The version's number.")]


@router.get("/tariffs", operation_id="listTariffs", summary="Tariffs")
async def list_tariffs(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    network: Annotated[NetworkId | None, Query()] = None,
    currency: Annotated[Currency | None, Query()] = None,
    q: Searched = "",
) -> Page[TariffOut]:
    """In the order of `sort`: name, created, updated, network or currency."""
    found = await here.ports.business.tariffs.page(WhichTariffs(network, currency, q), wanted, scope=scope)
    now = here.ports.clock.now()
    return Page[TariffOut](items=[TariffOut.of(row, now) for row in found.items], next=found.cursor)


@router.post("/tariffs", operation_id="addTariff", summary="Make a tariff with its first version", status_code=201)
async def add_tariff(body: TariffIn, here: Here, scope: Scoped, response: Response) -> TariffOut:
    """A draft, unless `publish` says from when it holds. It counts nowhere before it is assigned."""
    content = body.content.model_copy(update={"name": body.content.name or body.name})
    publish = None if body.publish is None else body.publish.validity
    row = await here.ports.business.tariffs.create(
        body.network, content.tariff(), name=body.name, scope=scope, publish=publish
    )
    response.headers["Location"] = f"/api/v1/tariffs/{row.id}"
    return _shown(here, row, response)


@router.get("/tariffs/{id}", operation_id="getTariff", summary="One tariff")
async def get_tariff(id: Id, here: Here, scope: Scoped, response: Response) -> TariffOut:
    return _shown(here, await here.ports.business.tariffs.get(id, scope=scope), response)


@router.patch("/tariffs/{id}", operation_id="renameTariff", summary="Call a tariff otherwise")
async def rename_tariff(
    id: Id, body: TariffChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> TariffOut:
    """What it says is changed by a new version."""
    row = await here.ports.business.tariffs.rename(id, body.name, scope=scope, version=version)
    return _shown(here, row, response)


@router.delete("/tariffs/{id}", operation_id="deleteTariff", summary="Delete a tariff that never held", status_code=204)
async def delete_tariff(id: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    await here.ports.business.tariffs.delete(id, scope=scope, version=version)


@router.post("/tariffs/{id}/versions", operation_id="addTariffVersion", summary="Make a new version", status_code=201)
async def add_version(id: Id, body: VersionIn, here: Here, scope: Scoped, response: Response) -> VersionOut:
    """A draft, unless `publish` says from when it holds. Then it takes the place of the version before."""
    publish = None if body.publish is None else body.publish.validity
    row = await here.ports.business.tariffs.add_version(id, body.content.tariff(), scope=scope, publish=publish)
    response.headers["Location"] = f"/api/v1/tariffs/{id}/versions/{row.number}"
    return await _version(here, row, response)


@router.get("/tariffs/{id}/versions/{number}", operation_id="getTariffVersion", summary="One version")
async def get_version(id: Id, number: Number, here: Here, scope: Scoped, response: Response) -> VersionOut:
    return await _version(here, await here.ports.business.tariffs.version(id, number, scope=scope), response)


@router.put("/tariffs/{id}/versions/{number}", operation_id="changeTariffDraft", summary="Write a draft anew")
async def change_draft(
    id: Id, number: Number, body: ContentJson, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> VersionOut:
    row = await here.ports.business.tariffs.change_draft(id, number, body.tariff(), scope=scope, version=version)
    return await _version(here, row, response)


@router.post(
    "/tariffs/{id}/versions/{number}/publish", operation_id="publishTariffVersion", summary="Have a draft hold"
)
async def publish(
    id: Id, number: Number, body: ValidityIn, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> VersionOut:
    """From then on it is never changed."""
    row = await here.ports.business.tariffs.publish(id, number, body.validity, scope=scope, version=version)
    return await _version(here, row, response)


@router.post(
    "/tariffs/{id}/versions/{number}/withdraw", operation_id="withdrawTariffVersion", summary="End a version now"
)
async def withdraw(
    id: Id, number: Number, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> VersionOut:
    """One that does not hold yet never will. Sessions that run keep the tariff that they began with."""
    row = await here.ports.business.tariffs.withdraw(id, number, scope=scope, version=version)
    return await _version(here, row, response)


@router.post("/tariff-lint", operation_id="lintTariff", summary="What is wrong or odd about a tariff")
async def lint_tariff(body: LintIn) -> FindingsOut:
    """Gaps, overlaps, what never applies, and what the law of a country asks for. Nothing is saved."""
    power = None if body.max_power_kw is None else Decimal(body.max_power_kw)
    found = lint(
        body.content.tariff(),
        country=body.country,
        region=body.region,
        power_type=body.power_type,
        max_power_kw=power,
    )
    return FindingsOut(findings=[FindingOut.of(finding) for finding in found])


def _shown(here: Context, row: TariffRow, response: Response) -> TariffOut:
    tagged(response, row.version)
    return TariffOut.of(row, here.ports.clock.now())


async def _version(here: Context, row: VersionRow, response: Response) -> VersionOut:
    """A version with what the linter says by the law of its network's country."""
    tagged(response, row.version)
    tariff = await here.ports.business.tariffs.get(row.tariff)
    network = await here.ports.business.networks.get(tariff.network)
    return VersionOut.of(row, lint(row.content, country=network.country or None, region=network.region or None))
