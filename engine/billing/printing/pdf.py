"""A receipt as PDF, by Typst: the words go in as data, which the template only places and never runs."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

import orjson

from engine.billing.document import Document
from engine.billing.printing.wording import print_of


@cache
def _source() -> bytes:
    return (Path(__file__).parent / "receipt.typ").read_bytes()


async def pdf_of(document: Document, language: str = "en") -> bytes:
    """The pages (A4). The same document gives the same bytes."""
    return await asyncio.to_thread(typeset, document, language)


def typeset(document: Document, language: str = "en") -> bytes:
    """As `pdf_of`, in the caller's thread: some 10 ms."""
    # Late: hosts and projections open the books too, and none of them prints.
    import typst

    data = print_of(document, language).data() | {"language": language}
    made = typst.compile(
        _source(),
        format="pdf",
        sys_inputs={"data": orjson.dumps(data).decode()},
        ignore_system_fonts=True,
        timestamp=document["issued"] // 1_000_000,
    )
    assert isinstance(made, bytes)
    return made
