"""What bulk imports have in common: the table in the body, and the answer that names every bad line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, Field

from api.web.problems import problem
from engine.errors import TooLarge

MAX_IMPORT = 32 << 20
"""Bytes of one import."""

MAX_FAULTS = 1_000
"""So many of them are told."""

Table = TypeVar("Table")


class Fault(Protocol):
    """What is wrong in one line: a dataclass of `line`, `field`, `detail` and `remedy`."""

    __dataclass_fields__: Any


class FaultOut(BaseModel):
    line: int = Field(description="Of the file; of JSON, which element, from 1.")
    field: str = Field(description="The column.", examples=["country"])
    detail: str
    remedy: str


def told_faults(faults: Sequence[Fault]) -> list[FaultOut]:
    """The first of them, as they are told."""
    return [FaultOut(**asdict(fault)) for fault in faults[:MAX_FAULTS]]


def reader_of(request: Request, readers: Mapping[str, Callable[[bytes], Table]]) -> Callable[[bytes], Table] | None:
    """What reads a body of the request's content type; None if it is no table."""
    return readers.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())


def no_table(path: str) -> Response:
    """The answer to a body that is no table."""
    return problem(415, "not-a-table", "The body is no table", "Send text/csv or application/json.", path)


async def body_of(request: Request) -> bytes:
    """The whole body. Raises TooLarge."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_IMPORT:
            raise TooLarge(
                f"An import has at most {MAX_IMPORT >> 20} MiB.", field="body", remedy="Import in several parts."
            )
    return bytes(body)


def refused(path: str, errors: Iterable[FaultOut]) -> Response:
    """The answer when lines are wrong and nothing was imported: the first on top, all under `errors`."""
    told = list(errors)
    first = told[0]
    where = f"Line {first.line}, {first.field}: " if first.field else f"Line {first.line}: "
    return problem(
        422,
        "invalid-input",
        "Nothing was imported",
        where + first.detail,
        path,
        field=first.field,
        remedy=first.remedy,
        errors=[error.model_dump() for error in told],
    )
