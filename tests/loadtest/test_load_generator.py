"""The load generator and what it is measured against, on real sockets and for a second each."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from benchmarks.floor import measure_floor
from benchmarks.load import LoadProcess
from benchmarks.load_charger import framed, unframed
from benchmarks.reference_csms import measure_reference
from engine.ocpp.schemas import SchemaSet, first_flaw
from tests.loadtest.conftest import PASSWORD, TinyServer
from tests.loadtest.scripted_csms import said_at


def run_load(**options: object) -> dict[str, object]:
    with LoadProcess(**options) as load:
        return load.result()


async def test_a_closed_loop_sends_true_messages_and_counts_every_acknowledgement(
    tiny: TinyServer, tmp_path: Path
) -> None:
    log = tmp_path / "acks.jsonl"
    options = {"url": tiny.url, "chargers": 5, "password": PASSWORD, "warmup": 0.2, "seconds": 1, "sample_log": log}
    result = await asyncio.to_thread(run_load, **options, sample_every=10)
    assert result["lost"] == 0
    first = tiny.of("LOAD-000001")
    stamps = [said_at("MeterValues", payload) for payload in first.payloads("MeterValues")]
    assert len(set(stamps)) == len(stamps) > 10
    assert {payload["transactionId"] for payload in first.payloads("MeterValues")} == {7}
    samples = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    assert len(samples) == -(-int(str(result["acknowledged"])) // 10)
    assert {sample["charge_point"] for sample in samples} <= set(tiny.csms)


async def test_chargers_of_2_0_1_send_transaction_events_without_a_gap(tiny: TinyServer) -> None:
    options = {"url": tiny.url, "chargers": 3, "password": PASSWORD, "warmup": 0.2, "seconds": 0.5}
    result = await asyncio.to_thread(run_load, **options, version="ocpp2.0.1")
    assert result["lost"] == 0
    first = tiny.of("LOAD-000001")
    strict = SchemaSet("v201", suffix="Request")
    flaws = [first_flaw(strict.request(action).checked, payload) for _, action, payload in first.received]
    assert set(flaws) == {None}
    events = first.payloads("TransactionEvent")
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    assert len(events) > 10
    assert len(events[-1]["meterValue"][0]["sampledValue"]) == 4


async def test_an_open_loop_keeps_its_rate(tiny: TinyServer) -> None:
    options = {"url": tiny.url, "chargers": 10, "password": PASSWORD, "warmup": 0.3, "seconds": 2}
    result = await asyncio.to_thread(run_load, **options, mode="open", rate=200)
    assert result["messages_per_s"] == pytest.approx(200, rel=0.1)
    assert 0 < float(str(result["p50_ms"])) <= float(str(result["p99_ms"]))


async def test_idle_chargers_stay_until_they_are_released(tiny: TinyServer) -> None:
    with LoadProcess(url=tiny.url, chargers=20, password=PASSWORD, mode="idle", seconds=0) as load:
        ready = await asyncio.to_thread(load.until, "ready")
        assert ready["chargers"] == len(tiny.connections) == 20
        load.release()
        assert (await asyncio.to_thread(load.result))["lost"] == 0


async def test_refused_chargers_are_counted_as_lost(tiny: TinyServer) -> None:
    options = {"url": tiny.url, "chargers": 3, "password": "wrong", "warmup": 0.1, "seconds": 0.2}
    result = await asyncio.to_thread(run_load, **options)
    assert result["lost"] == 3
    assert "401" in str(result["losses"])


def test_the_floor_lies_below_the_reference() -> None:
    floor = measure_floor(seconds=1, chargers=20, warmup=0.3)
    reference = measure_reference(seconds=1, chargers=20, warmup=0.3)
    assert 0 < floor["cpu_us_per_message"] < reference["cpu_us_per_message"] / 5


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_frames_of_every_length_survive(length: int) -> None:
    payload = b"x" * length
    sent = framed(0x81, payload)
    unmasked = bytes((sent[0], sent[1] & 0x7F)) + sent[2:].replace(bytes(4), b"", 1)
    if length < 65_536:
        assert unframed(unmasked) == (0x81, payload, len(unmasked))
    assert unframed(unmasked[:-1]) is None or length == 0
