"""What a charge point told beside its charging: settings, lists, certificates, profiles, reservations, jobs, reports.

As last told, without asking the station: `…/refresh` and the commands do that.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from api.operations.kept_state import (
    CertificatesOut,
    ChargingOut,
    DisplayMessagesOut,
    JobOut,
    JobsOut,
    LocalListOut,
    MonitorsOut,
    ReportItemsOut,
    ReportsOut,
    ReservationsOut,
    SecurityEventOut,
    SettingsOut,
    readable,
)
from api.ports.security_events import SecurityEventRow
from api.routes.paging import Cursor, Limit, known_charge_point_id, page
from api.schemas.resources import Page
from api.web import cursors
from api.web.context import Context, Here
from engine.charging.kept.security_events import is_critical
from engine.clock import to_iso
from engine.errors import NotFound

router = APIRouter(prefix="/charge-points/{id}", tags=["kept state"])


class Told:
    """One charge point, and what is kept of it."""

    def __init__(self, here: Context, charge_point: str) -> None:
        self.here, self.charge_point = here, charge_point

    async def view(self, what: str, request: int | None = None) -> Any:
        """Raises NotFound for a station that never connected."""
        found = await self.here.ports.fleet.kept(self.charge_point, what, request)
        if found is None:
            raise NotFound("This charge point has never connected.", field="id", remedy="Point it at the OCPP address.")
        return found

    async def rows(self, what: str) -> list[dict[str, Any]]:
        return [readable(row) for row in await self.view(what)]


async def _told(charge_point: Annotated[str, Depends(known_charge_point_id)], here: Here) -> Told:
    return Told(here, (await here.ports.registry.charge_point(charge_point)).id)


Of = Annotated[Told, Depends(_told)]


@router.get("/configuration", operation_id="getConfiguration", summary="Keys or variables as last read")
async def get_configuration(of: Of) -> SettingsOut:
    return SettingsOut.model_validate({"charge_point": of.charge_point, "settings": await of.rows("configuration")})


@router.get("/local-list", operation_id="getLocalList", summary="The version of the local authorization list")
async def get_local_list(of: Of) -> LocalListOut:
    return LocalListOut.model_validate({"charge_point": of.charge_point} | readable(await of.view("local-list")))


@router.get("/certificates", operation_id="getInstalledCertificates", summary="Certificates installed in the station")
async def get_certificates(of: Of) -> CertificatesOut:
    rows = await of.rows("certificates")
    return CertificatesOut.model_validate({"charge_point": of.charge_point, "certificates": rows})


@router.get("/charging-profiles", operation_id="getChargingProfiles", summary="Profiles, composite schedules, limits")
async def get_charging_profiles(of: Of) -> ChargingOut:
    known = await of.view("charging-profiles")
    shown = {name: [readable(row) for row in rows] for name, rows in known.items()}
    return ChargingOut.model_validate({"charge_point": of.charge_point} | shown)


@router.get("/reservations", operation_id="getReservations", summary="Reservations and what became of them")
async def get_reservations(of: Of) -> ReservationsOut:
    rows = await of.rows("reservations")
    return ReservationsOut.model_validate({"charge_point": of.charge_point, "reservations": rows})


@router.get("/jobs", operation_id="getJobs", summary="Firmware, log and diagnostics jobs with their progress")
async def get_jobs(of: Of) -> JobsOut:
    jobs = [JobOut.of(row) for row in reversed(await of.view("jobs"))]
    return JobsOut(charge_point=of.charge_point, jobs=jobs)


@router.get("/monitors", operation_id="getMonitors", summary="Monitors of the station's variables")
async def get_monitors(of: Of) -> MonitorsOut:
    known = await of.view("monitors")
    monitors = [readable(row) for row in known["monitors"]]
    return MonitorsOut(charge_point=of.charge_point, base=known["base"], level=known["level"], monitors=monitors)


@router.get("/display-messages", operation_id="getDisplayMessages", summary="Messages on the station's display")
async def get_display_messages(of: Of) -> DisplayMessagesOut:
    return DisplayMessagesOut(charge_point=of.charge_point, messages=await of.rows("display-messages"))


@router.get("/reports", operation_id="listReports", summary="Reports that came in parts, newest first")
async def list_reports(of: Of) -> ReportsOut:
    return ReportsOut.model_validate({"charge_point": of.charge_point, "reports": await of.rows("reports")})


@router.get("/reports/{request}", operation_id="getReport", summary="One report, whole or as far as it has come")
async def get_report(request: int, of: Of) -> ReportItemsOut:
    """The newest report to this request."""
    found = await of.view("reports", request)
    if not found:
        raise NotFound("No report to this request is kept.", field="request", remedy="Ask the station for one.")
    return ReportItemsOut.model_validate(readable(found[0]))


@router.get("/security-events", operation_id="listSecurityEvents", summary="Security events, newest first")
async def list_security_events(
    of: Of,
    here: Here,
    type: Annotated[str | None, Query(max_length=50, description="Only these.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SecurityEventOut]:
    after = cursors.decode_moment(cursor)
    rows = await here.ports.security_events.page(of.charge_point, type=type, after=after, limit=limit + 1)
    return Page[SecurityEventOut](**page(rows, limit, _shown, lambda row: (row.received, row.type)))


def _shown(row: SecurityEventRow) -> SecurityEventOut:
    return SecurityEventOut(
        type=row.type,
        critical=is_critical(row.type),
        info=row.info,
        said=row.said,
        at=to_iso(row.believed),
        received_at=to_iso(row.received),
    )
