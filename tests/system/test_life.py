"""The launcher's life: killed, started twice, interrupted. One installation of its own, started as rarely as may be."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from loadtest.installation import Installation
from tests.system.raw_station import RawStation, stamp, start, status

# Kills and starts an installation of its own: not beside the one that the others share.
pytestmark = pytest.mark.crash

TAG, STATION = "LIFE-TAG", "LIFE-1"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that these tests may treat badly."""
    installation = Installation(tmp_path_factory.mktemp("life"), {"HOSTS": "1"})
    try:
        yield installation
    finally:
        installation.stop()
        installation.http.close()


def belonging(installation: Installation) -> dict[int, str]:
    """Every process whose environment names this data folder, by whatever way it came to be."""
    mine = f"RAYCHARGE_DATA_DIR={installation.data_dir}"
    found = {}
    for process in psutil.process_iter():
        try:
            words = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            if mine.encode() in words and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = " ".join(process.cmdline())[:120]
        except (OSError, psutil.Error):
            continue
    return found


async def begin(own: Installation) -> int:
    """Boot, say a status and start a transaction. Returns its number."""
    async with await RawStation.connect(own, STATION) as station:
        assert (await station.boot())["status"] == "Accepted"
        assert (await station.call("StatusNotification", status("Charging")))[0] == 3
        return int((await station.call("StartTransaction", start(TAG, 1000)))[2]["transactionId"])


async def finish(own: Installation, number: int) -> None:
    """Stop the transaction on a fresh connection, without a boot."""
    async with await RawStation.connect(own, STATION) as station:
        stop = {"transactionId": number, "meterStop": 3500, "timestamp": stamp()}
        assert (await station.call("StopTransaction", stop))[0] == 3


def test_starting_twice_a_kill_and_ctrl_c_lose_nothing(own: Installation) -> None:
    # Two at the same time: one says clearly why it will not, the other comes up.
    rival = Installation(own.folder, own.settings)
    first, other = own.launch(), rival.launch()
    own.until(lambda: first.poll() is not None or other.poll() is not None, 60, "one of two given up")
    loser, own.launcher = (first, other) if first.poll() is not None else (other, first)
    assert loser.returncode == 2, own.last_words()
    said = own.last_words()
    assert "Traceback" not in said
    assert "Raycharge cannot do this" in said, said
    assert str(own.data_dir) in said.partition("Raycharge cannot do this")[2], said
    own.until_ready()
    own.register([STATION], tokens=[TAG])
    number = asyncio.run(begin(own))

    # The launcher is killed with no chance to clear up, and started again at once.
    assert own.launcher is not None
    before, facade = belonging(own), own.pids()["facade"]
    os.kill(own.launcher.pid, signal.SIGKILL)
    own.launcher.wait()
    own.launch()
    # What the killed one left behind may answer until the new one has ended it.
    own.until(lambda: own.pids().get("facade", facade) != facade, 120, "the façade replaced")
    own.until_ready()
    assert not before.keys() & belonging(own).keys(), "the killed launcher's processes live on"
    asyncio.run(finish(own, number))
    own.until(lambda: energy(own) == [("stopped", "2500")], 20, "the session is finished")

    # Ctrl-C ends everything in order; nothing is left behind.
    assert {"launcher", "supervisor", "host-0", "valkey", "clickhouse", "facade"} <= own.pids().keys()
    assert len(belonging(own)) > 6
    assert own.stop() == 0, own.last_words()
    assert belonging(own) == {}

    # And a new start finds all of it.
    own.start()
    assert energy(own) == [("stopped", "2500")]
    assert own.get(f"/charge-points/{STATION}")["live"]["boot"]["model"] == "One"
    ((count,),) = own.clickhouse(f"SELECT count() FROM connector_status WHERE charge_point = '{STATION}'")
    assert int(count) == 1


def energy(own: Installation) -> list[tuple[str, str]]:
    """The sessions as the REST interface tells them."""
    items = own.get("/sessions", params={"charge_point": STATION})["items"]
    return [(item["state"], item["energy_wh"]) for item in items]
