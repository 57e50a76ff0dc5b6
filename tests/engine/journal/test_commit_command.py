"""A commit in Redis' own words is what packing its arguments one by one would give."""

from __future__ import annotations

import hiredis
from hypothesis import given
from hypothesis import strategies as st

from engine.journal.commit_command import packed_commit
from engine.journal.port import Record, Write
from engine.journal.records import CHANNELS, VERSION

NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
DATA = st.binary(max_size=40) | st.sampled_from([b"x" * 4095, b"x" * 4096])
CHANNEL = st.sampled_from(CHANNELS)
RECORDS = st.one_of(
    st.builds(Record, CHANNEL, DATA),
    st.builds(Record, CHANNEL, DATA, NAMES, st.binary(min_size=8, max_size=8)),
    st.builds(Record, CHANNEL, DATA, NAMES, st.binary(min_size=8, max_size=8), st.just(True)),
)
WRITES = st.builds(
    Write,
    NAMES,
    st.integers(1, 2**40),
    st.lists(RECORDS, max_size=4),
    st.dictionaries(NAMES, st.none() | DATA, max_size=4),
    st.lists(NAMES, max_size=2),
)


def arguments(write: Write) -> list[str | bytes]:
    """A body as lua/commit.lua describes it."""
    ops, body = "", list[str | bytes]()
    for record in write.records:
        if record.checked:
            ops += "?"
            body += [record.channel, record.stream, record.digests, record.data]
        elif record.digests:
            ops += record.channel + "+"
            body += [record.data, record.stream, record.digests]
        else:
            ops += record.channel
            body += [record.data]
    ops += "~" * len(write.forget)
    body += write.forget
    deleted = [name for name, value in write.parts.items() if value is None]
    ops += "-" * len(deleted) + "=" * (len(write.parts) - len(deleted))
    body += deleted
    for name, value in write.parts.items():
        body += [] if value is None else [name, value]
    return [ops, *body]


@given(writes=st.lists(WRITES, max_size=5), number=st.integers(1, 2**40))
def test_a_commit_is_packed_as_its_arguments_would_be(writes: list[Write], number: int) -> None:
    command = ["EVALSHA", "sha", 1, "{rc:1}", "inc", number, VERSION, len(writes)]
    command += [write.charge_point for write in writes]
    command += [write.epoch for write in writes]
    whole = (*command, *(argument for write in writes for argument in arguments(write)))
    assert packed_commit("sha", "{rc:1}", "inc", number, writes) == hiredis.pack_command(whole)  # type: ignore[arg-type]
