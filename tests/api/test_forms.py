"""The file of a form comes out as it went in, however the network cuts it; what is no form is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.web.forms import MAX_HEADERS, FormFile, boundary_of
from engine.errors import InvalidInput

KIND = "multipart/form-data; boundary=XX"


async def pieces(data: bytes, sizes: Sequence[int]) -> AsyncIterator[bytes]:
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        yield data[at : at + size]
        at, turn = at + size, turn + 1


def form(content: bytes, name: str = "log.txt", before: bytes = b"") -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'
    return before + b"--XX\r\n" + head.encode() + content + b"\r\n--XX--\r\nan epilogue"


FIELD = b'--XX\r\nContent-Disposition: form-data; name="token"\r\n\r\nvalue\r\n'


async def read(data: bytes, sizes: Sequence[int] = (1000,), kind: str = KIND) -> tuple[str, bytes]:
    file = FormFile(kind, pieces(data, sizes))
    content = b"".join([chunk async for chunk in file.chunks()])
    return file.name, content


# Bytes that a delimiter is made of come up more frequently than by chance.
CONTENT = st.lists(st.sampled_from([b"\r", b"\n", b"-", b"X", b"\r\n--X", b"--XX", b"data"]), max_size=40).map(b"".join)


@settings(max_examples=300)
@given(
    CONTENT.filter(lambda data: b"\r\n--XX" not in b"\r\n" + data), st.lists(st.integers(1, 9), min_size=1, max_size=5)
)
async def test_a_file_comes_out_as_it_went_in(content: bytes, sizes: list[int]) -> None:
    assert await read(form(content), sizes) == ("log.txt", content)
    assert await read(form(content, before=b"a preamble\r\n" + FIELD), sizes) == ("log.txt", content)


async def test_names_are_read_as_they_are_written() -> None:
    assert (await read(form(b"x", name='a \\"b\\".log')))[0] == 'a "b".log'
    assert (await read(form(b"x", name="größe.log")))[0] == "größe.log"
    bare = form(b"x").replace(b'filename="log.txt"', b"FileName=log.txt")
    assert await read(bare) == ("log.txt", b"x")
    quoted = 'Multipart/Form-Data; charset=utf-8; Boundary="XX"'
    assert (await read(form(b"x"), kind=quoted))[1] == b"x"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends before"),
        (b"nothing of a form", "ends before"),
        (form(b"content")[:-20], "ends before"),
        (b"--XX\r\nContent-Disposition: form-", "within a part's headers"),
        (b"--XX", "within a delimiter"),
        (FIELD + b"--XX--\r\n", "holds no file"),
        (b"--XX--\r\n", "holds no file"),
        (b"--XX\r\nX: " + b"x" * (MAX_HEADERS + 2000), "headers are too long"),
    ],
)
async def test_what_is_no_form_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        await read(data)


def test_a_form_without_a_boundary_is_refused() -> None:
    with pytest.raises(InvalidInput, match="boundary"):
        boundary_of("multipart/form-data")


async def test_a_large_file_is_not_gathered() -> None:
    largest = 0
    file = FormFile(KIND, pieces(form(b"x" * 5_000_000), (65_536,)))
    async for _ in file.chunks():
        largest = max(largest, len(file._buffer))
    assert largest < 2 * 65_536
