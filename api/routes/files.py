"""Where stations fetch firmware and bring logs, by the token in the address alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.operations.transfers import FileAnswer, Incoming, Upload, file_answer
from api.web.context import Here
from api.web.problems import problem_of
from engine.errors import Gone, InvalidInput, Unavailable
from engine.stores.files.catalogue import Link

router = APIRouter(tags=["files"])
Token = Annotated[str, Path(min_length=1, max_length=200, description="Stands for one job, and for a login.")]
Name = Annotated[str, Path(max_length=500, description="Any; a station's own name for what it brings is kept.")]


_OVER = frozenset({"done", "superseded"})
"""States of a job (engine/charging/kept/jobs.py) after which nothing is transferred any more."""


class BroughtOut(BaseModel):
    """What has arrived, whole."""

    name: str = Field(examples=["diagnostics.zip"])
    size: int
    sha256: str


_FILE = {
    200: {"description": "The image.", "content": {"application/octet-stream": {}}},
    206: {"description": "The range of it that was asked for.", "content": {"application/octet-stream": {}}},
}
FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
        },
    }
}


@router.get(
    "/files/{token}/{name:path}",
    operation_id="fetchFile",
    summary="A station fetches its firmware image",
    response_class=Response,
    responses=_FILE,
)
@router.head("/files/{token}/{name:path}", include_in_schema=False)
async def fetch_file(token: Token, name: Name, here: Here, request: Request) -> FileAnswer:
    """With `Range` a download that was cut goes on. Once all of the image has gone out, the link is spent."""
    exchange = here.ports.files
    link, image = await exchange.download(token)
    await _still_wanted(here, link)
    return file_answer(
        exchange,
        request,
        image,
        check=partial(exchange.checked_start, link, image.size),
        handed_out=partial(exchange.handed_out, link, size=image.size),
    )


@router.get("/files/{token}", include_in_schema=False)
@router.head("/files/{token}", include_in_schema=False)
async def fetch_file_without_name(token: Token, here: Here, request: Request) -> FileAnswer:
    return await fetch_file(token, "", here, request)


async def _still_wanted(here: Here, link: Link) -> None:
    """Raise Gone if the link's job is over: what failed may be tried again by the station, but what is done or has
    given way to another job is not. While the journal is away a job counts as not over."""
    try:
        jobs = await here.ports.fleet.kept(link.charge_point, "jobs") or ()
    except Unavailable:
        return
    if any(job["command"] == link.job and job["state"] in _OVER for job in jobs):
        await here.ports.files.end_job(link.charge_point, link.job)
        raise Gone("The job of this link is over.", field="token", remedy="Ask for a new one.")


async def _bring(token: str, here: Here, request: Upload, name: str) -> Response:
    exchange = here.ports.files
    link = await exchange.upload(token)
    await _still_wanted(here, link)
    incoming = Incoming(request, exchange.limits.upload_bytes)
    file = await exchange.take(link, lambda: name.strip("/") or incoming.name, incoming.chunks())
    told = BroughtOut(name=file.name, size=file.size, sha256=file.sha256)
    return Response(told.model_dump_json(), media_type="application/json")


async def closing(request: Request, answer: Callable[[Upload], Awaitable[Response]]) -> Response:
    """An upload that is refused is not read to its end, only a little on: the connection ends with the answer."""
    upload = Upload(request)
    try:
        return await answer(upload)
    except InvalidInput as error:
        await upload.hear_out()
        refused = problem_of(error, request.url.path)
        refused.headers["Connection"] = "close"
        return refused


@router.put(
    "/files/{token}/{name:path}",
    operation_id="bringFile",
    summary="A station brings a log or diagnostics",
    response_model=BroughtOut,
    openapi_extra=FILE_BODY,
)
@router.post("/files/{token}/{name:path}", include_in_schema=False)
async def bring_file(token: Token, name: Name, here: Here, request: Request) -> Response:
    """PUT or POST, the bytes alone or a form with one file. What is cut is not kept, and may be sent again."""
    return await closing(request, lambda upload: _bring(token, here, upload, name))


@router.put("/files/{token}", include_in_schema=False)
@router.post("/files/{token}", include_in_schema=False)
async def bring_file_without_name(token: Token, here: Here, request: Request) -> Response:
    return await bring_file(token, "", here, request)
