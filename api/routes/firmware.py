"""Firmware images that operators keep for their stations, and the files that stations have uploaded."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from api.operations.transfers import FileAnswer, Incoming, Upload, file_answer
from api.routes.files import FILE_BODY, closing
from api.routes.paging import Cursor, Id, Limit, known_charge_point_id, page
from api.schemas.resources import NetworkId, Page, Strict, Text
from api.web import cursors
from api.web.context import Caller, Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.access.scope import Scope
from engine.clock import to_iso
from engine.errors import Forbidden
from engine.stores.files.catalogue import FirmwareImage, StationFile

router = APIRouter()
ChargePointId = Annotated[str, Depends(known_charge_point_id)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r'^[^\x00-\x1f\x7f/\\"%?*<>|:]+$')]
Certificate = Annotated[str, StringConstraints(max_length=5500, pattern=r"^[\t\n\r -~]*$")]
Signature = Annotated[str, StringConstraints(max_length=800, pattern=r"^[A-Za-z0-9+/=\s]*$")]


class FirmwareOut(BaseModel):
    id: str
    name: str = Field(examples=["firmware-2.4.1.bin"])
    vendor: str
    model: str
    version: str
    note: str
    signing_certificate: str = Field(description="PEM, for signed updates; empty if the vendor gave none.")
    signature: str = Field(description="Base64, of the image by that certificate; empty if the vendor gave none.")
    size: int
    sha256: str
    created_at: str
    created_by: str
    network: str | None = Field(description="Whose it is; null: the installation's, for all of its networks.")

    @classmethod
    def of(cls, image: FirmwareImage) -> FirmwareOut:
        told = {name: getattr(image, name) for name in cls.model_fields if name != "created_at"}
        return cls(**told, created_at=to_iso(image.created))


class FirmwareChange(Strict):
    """Members that are left out stay as they are."""

    name: FileName = "firmware.bin"
    vendor: Text = ""
    model: Text = ""
    version: Text = ""
    note: Text = ""
    signing_certificate: Certificate = ""
    signature: Signature = ""


class StationFileOut(BaseModel):
    id: str
    charge_point: str = Field(examples=["CP-1"])
    job: str = Field(description="The command or job that asked for it.")
    kind: str = Field(examples=["diagnostics"])
    name: str = Field(description="As the station called it, made harmless.", examples=["diagnostics.zip"])
    size: int
    sha256: str
    received_at: str

    @classmethod
    def of(cls, file: StationFile) -> StationFileOut:
        told = {name: getattr(file, name) for name in cls.model_fields if name != "received_at"}
        return cls(**told, received_at=to_iso(file.received))


@router.get("/firmware", operation_id="listFirmware", summary="Firmware images, newest first", tags=["firmware"])
async def list_firmware(here: Here, scope: Scoped, limit: Limit = 50, cursor: Cursor = None) -> Page[FirmwareOut]:
    after = cursors.decode_moment(cursor)
    rows = await here.ports.files.catalogue.images(after=after, limit=limit + 1, scope=scope)
    return Page[FirmwareOut](**page(rows, limit, FirmwareOut.of, lambda row: (row.created, row.id)))


@router.post(
    "/firmware",
    operation_id="addFirmware",
    summary="Upload a firmware image",
    status_code=201,
    response_model=FirmwareOut,
    tags=["firmware"],
    openapi_extra=FILE_BODY,
)
async def add_firmware(
    here: Here,
    caller: Caller,
    scope: Scoped,
    request: Request,
    name: Annotated[FileName | None, Query(description="File name; left out: the form's.")] = None,
    vendor: Annotated[Text, Query()] = "",
    model: Annotated[Text, Query()] = "",
    version: Annotated[Text, Query()] = "",
    note: Annotated[Text, Query()] = "",
    network: Annotated[NetworkId | None, Query(description="Whose; left out: your own, or the installation's.")] = None,
) -> Response:
    """The bytes alone (`curl --data-binary @image -H 'Content-Type: application/octet-stream'`), or a form with one
    file. Certificate and signature of a signed image are set afterwards with PATCH."""

    async def keep(upload: Upload) -> Response:
        home = await here.ports.business.whereabouts.home(scope, network)
        exchange = here.ports.files
        incoming = Incoming(upload, exchange.limits.firmware_bytes)
        told = {"vendor": vendor, "model": model, "version": version, "note": note}
        chunks = incoming.chunks()
        image = await exchange.add_image(
            chunks,
            name=lambda: name or incoming.name or "firmware.bin",
            created_by=caller.email,
            network=home,
            **told,
        )
        made = FirmwareOut.of(image).model_dump_json()
        return Response(made, 201, {"Location": f"/api/v1/firmware/{image.id}"}, media_type="application/json")

    return await closing(request, keep)


@router.get("/firmware/{id}", operation_id="getFirmware", summary="One firmware image's data", tags=["firmware"])
async def get_firmware(id: Id, here: Here, scope: Scoped, response: Response) -> FirmwareOut:
    image = await here.ports.files.catalogue.image(id, scope)
    tagged(response, image.tag)
    return FirmwareOut.of(image)


@router.patch("/firmware/{id}", operation_id="changeFirmware", summary="Change what is said of it", tags=["firmware"])
async def change_firmware(
    id: Id, body: FirmwareChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> FirmwareOut:
    """Its bytes stay: another image is another upload."""
    await _changeable(here, id, scope)
    changes, now = body.model_dump(exclude_unset=True), here.ports.clock.now()
    image = await here.ports.files.catalogue.change_image(id, changes, now, version)
    tagged(response, image.tag)
    return FirmwareOut.of(image)


@router.delete(
    "/firmware/{id}", operation_id="deleteFirmware", summary="Delete an image", status_code=204, tags=["firmware"]
)
async def delete_firmware(id: Id, here: Here, scope: Scoped) -> None:
    """Stations that are on their way to fetch it find it gone."""
    await _changeable(here, id, scope)
    await here.ports.files.delete_image(id)


async def _changeable(here: Context, id: str, scope: Scope) -> None:
    """Raises NotFound for an image that is not to be seen, Forbidden for one that is the whole installation's."""
    image = await here.ports.files.catalogue.image(id, scope)
    if not scope.covers(image.network):
        raise Forbidden(
            "This image belongs to the whole installation.", field="id", remedy="Upload one of your own network."
        )


@router.get(
    "/charge-points/{id}/files",
    operation_id="listChargePointFiles",
    summary="Logs and diagnostics that a charge point has uploaded, newest first",
    tags=["files"],
)
async def list_charge_point_files(
    charge_point: ChargePointId, here: Here, limit: Limit = 50, cursor: Cursor = None
) -> Page[StationFileOut]:
    row = await here.ports.registry.charge_point(charge_point)
    files = await here.ports.files.catalogue.files(row.id, after=cursors.decode_moment(cursor), limit=limit + 1)
    return Page[StationFileOut](**page(files, limit, StationFileOut.of, lambda file: (file.received, file.id)))


@router.get(
    "/charge-points/{id}/files/{file}",
    operation_id="getChargePointFile",
    summary="Download one of them",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {"application/octet-stream": {}}}},
    tags=["files"],
)
async def get_charge_point_file(charge_point: ChargePointId, file: str, here: Here, request: Request) -> FileAnswer:
    row = await here.ports.registry.charge_point(charge_point)
    known = await here.ports.files.catalogue.file(row.id, file)
    return file_answer(here.ports.files, request, known)


@router.delete(
    "/charge-points/{id}/files/{file}",
    operation_id="deleteChargePointFile",
    summary="Delete one of them",
    status_code=204,
    tags=["files"],
)
async def delete_charge_point_file(charge_point: ChargePointId, file: str, here: Here) -> None:
    row = await here.ports.registry.charge_point(charge_point)
    await here.ports.files.delete_file(row.id, file)
