"""A station's password changed through the protocol, and the certificates of our own authority."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from api.routes.commands import in_service
from api.routes.paging import Cursor, Limit, known_charge_point_id, page
from api.schemas.resources import Page
from api.schemas.security import CertificateOut, PasswordIn, PasswordOut, RevocationIn, SigningRequestOut
from api.web import cursors
from api.web.context import Caller, Here, Scoped
from api.web.idempotency import command_id
from engine.charging.operations import SetPassword
from engine.errors import Conflict, InvalidInput, NotFound
from engine.security.secrets import checked_secret, fresh_secret
from engine.stores.secret_changes import NOT_TAKEN

router = APIRouter(tags=["security"])
open_router = APIRouter(tags=["security"])
ChargePointId = Annotated[str, Depends(known_charge_point_id)]
_PEM = "application/x-pem-file"
_CERTIFICATES: dict[int | str, dict[str, Any]] = {200: {"content": {_PEM: {}}, "description": "In PEM."}}


@router.post(
    "/charge-points/{id}/password", operation_id="changeStationPassword", summary="Have the station change its password"
)
async def change_password(
    charge_point: ChargePointId,
    body: PasswordIn,
    here: Here,
    caller: Caller,
    response: Response,
    timeout_s: Annotated[float, Query(gt=0, le=600, description="Seconds until the command ends.")] = 30.0,
) -> PasswordOut:
    """The old one stays right until the station has connected with the new one, or for ever if it refuses. A station
    that is offline is not asked: nothing that could be read later is kept of a password."""
    row = await in_service(here, charge_point)
    if row.security_profile not in (1, 2):
        raise Conflict(
            f"A station of security profile {row.security_profile} has no password.",
            field="id",
            remedy="Register it with security profile 1 or 2 first.",
        )
    made = fresh_secret() if body.secret is None else None
    secret = body.secret if made is None else made
    assert secret is not None
    operation = SetPassword(checked_secret(secret), body.password or "")
    command = command_id()
    await here.ports.secrets.begin(row.id, command, secret)
    try:
        ended = await here.ports.fleet.operate(
            row.id, operation, timeout_s=timeout_s, wait=False, requested_by=caller.email, command_id=command
        )
    except InvalidInput:
        # The station's version has no words for it, so it was never sent.
        await here.ports.secrets.drop(row.id, command)
        raise
    taken = ended.outcome not in NOT_TAKEN
    if not taken:
        await here.ports.secrets.drop(row.id, command)
    response.headers["Location"] = f"/api/v1/commands/{command}"
    return PasswordOut.model_validate(
        {
            "id": command,
            "outcome": ended.outcome,
            "payload": ended.payload,
            "error_code": ended.error_code or None,
            "error_description": ended.error_description or None,
            "action": ended.action,
            "number": None,
            "password": made if taken else None,
            "waiting": command in await here.ports.secrets.waiting(row.id),
        }
    )


@router.get("/certificates", operation_id="listCertificates", summary="What our own authority has signed")
async def list_certificates(
    here: Here,
    scope: Scoped,
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: Annotated[str | None, Query(max_length=48, description="Only this one's.")] = None,
) -> Page[CertificateOut]:
    known = None
    if charge_point is not None:
        await here.ports.business.whereabouts.need(scope, charge_point)
        known = (await here.ports.registry.charge_point(charge_point)).id
    rows = await here.ports.authority.certificates(
        scope=scope, charge_point=known, after=cursors.decode_name(cursor), limit=limit + 1
    )
    return Page[CertificateOut](**page(rows, limit, CertificateOut.of, lambda row: row.serial_number))


@router.get("/certificates/requests", operation_id="listSigningRequests", summary="What stations asked to have signed")
async def list_signing_requests(
    here: Here,
    scope: Scoped,
    limit: Limit = 50,
    cursor: Cursor = None,
    charge_point: Annotated[str | None, Query(max_length=48, description="Only this one's.")] = None,
) -> Page[SigningRequestOut]:
    """Newest first. One that was refused needs somebody to look at it: the station does not ask again by itself."""
    known = None
    if charge_point is not None:
        await here.ports.business.whereabouts.need(scope, charge_point)
        known = (await here.ports.registry.charge_point(charge_point)).id
    after = cursors.decode_moment(cursor)
    rows = await here.ports.authority.requests(scope=scope, charge_point=known, after=after, limit=limit + 1)
    return Page[SigningRequestOut](
        **page(rows, limit, SigningRequestOut.of, lambda row: (row.received, row.charge_point))
    )


@router.post(
    "/certificates/{serial_number}/revoke", operation_id="revokeCertificate", summary="Make a certificate void for ever"
)
async def revoke_certificate(
    serial_number: Annotated[str, Path(max_length=64)], body: RevocationIn, here: Here, scope: Scoped
) -> CertificateOut:
    """From now on no connection is accepted with it; one that is open stays."""
    if not all(digit in "0123456789abcdefABCDEF" for digit in serial_number):
        raise NotFound("We have signed no certificate of this serial number.", field="serial_number")
    return CertificateOut.of(await here.ports.authority.revoke(serial_number.lower(), body.reason, scope))


@open_router.get(
    "/pki/root.pem",
    operation_id="readRoots",
    summary="The roots that stations are to trust",
    response_class=Response,
    responses=_CERTIFICATES,
)
async def read_roots(here: Here) -> Response:
    return Response(await here.ports.authority.roots(), media_type=_PEM)


@open_router.get(
    "/pki/crl.pem",
    operation_id="readRevocationLists",
    summary="Which of our certificates are void",
    response_class=Response,
    responses=_CERTIFICATES,
)
async def read_revocation_lists(here: Here) -> Response:
    return Response(await here.ports.authority.revocation_lists(), media_type=_PEM)
