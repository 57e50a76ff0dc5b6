"""Security: how a station gets in, by password, by certificate, and in which version."""

from __future__ import annotations

from secrets import token_urlsafe

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station import PATIENCE_S
from tests.conformance.verdict import CaseFailed, same


@case("TC_085_CSMS", sample=True)
async def basic_authentication(bench: Bench) -> None:
    """With the right password the station gets in and boots; with another, or with none, it does not."""
    password = token_urlsafe(15)
    bench.identity = await bench.register("P", password=password)
    station = await bench.station16(password=password)
    await station.boot()
    for wrong in (token_urlsafe(15), None):
        stranger = await bench.station16(password=wrong, connect=False)
        refusal = await stranger.refused()
        status = getattr(getattr(refusal, "response", None), "status_code", None)
        same(status, 401, "the status of the refused handshake")
    await station.call("Heartbeat")


@case("TC_088_CSMS", sample=True)
async def subprotocol_negotiation(bench: Bench) -> None:
    """ocpp1.6 is chosen where the station prefers it or nothing else is known; nothing unknown is ever chosen."""
    for offered in (("ocpp1.6",), ("ocpp0.1", "ocpp1.6"), ("ocpp1.6", "ocpp2.0.1")):
        station = await bench.station16(offered=offered)
        if station.socket is None or station.socket.subprotocol != "ocpp1.6":
            raise CaseFailed(f"of {', '.join(offered)} the CSMS chose {station.subprotocol}, not ocpp1.6")
        await station.boot()
        await station.close()
    station = await bench.station16(offered=("ocpp0.1", "ocpp0.2"))
    same(station.socket.subprotocol if station.socket else "", None, "what is chosen where nothing is known")
    await station.closed_by_csms(PATIENCE_S)
