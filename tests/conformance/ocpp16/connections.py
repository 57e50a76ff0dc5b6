"""Security: how a station gets in, by password, by certificate, and in which version."""

from __future__ import annotations

from secrets import token_urlsafe

from tests.conformance import pki
from tests.conformance.bench import Bench
from tests.conformance.handshakes import judge_certificate, status_of, with_each_suite
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
        same(status_of(await stranger.refused()), 401, "the status of the refused handshake")
    await station.call("Heartbeat")


@case("TC_086_CSMS")
async def server_certificate(bench: Bench) -> None:
    """With each of the demanded suites the gateway shows a good certificate, and the station boots by its password."""
    password = token_urlsafe(15)
    bench.identity = await bench.register("S", password=password, security_profile=2)
    async for station in with_each_suite(bench, bench.station16, password=password):
        judge_certificate(station)
        await station.boot()


@case("TC_087_CSMS", sample=True)
async def client_certificate(bench: Bench) -> None:
    """With each of the demanded suites a station boots by its own certificate; without one it is not let in."""
    bench.identity = await bench.register("C", security_profile=3)
    identity = pki.client(bench.system.tls.stations_root, bench.identity)
    async for station in with_each_suite(bench, bench.station16, identity=identity):
        await station.boot()
    stranger = await bench.station16(tls=bench.system.tls.context(), connect=False)
    await stranger.refused()


@case("TC_083_CSMS")
async def raised_security_profile(bench: Bench) -> None:
    """SecurityProfile is set to 2; the station then gets in over TLS, and no more without it."""
    password = token_urlsafe(15)
    bench.identity = await bench.register("U", password=password, security_profile=1)
    station = await bench.station16(password=password)
    await station.boot()
    asked = {"key": "SecurityProfile", "value": "2"}
    await bench.commanded(station, "ChangeConfiguration", asked, answer={"status": "Accepted"}, wanted=asked)
    context = bench.system.tls.context()
    await station.reconnect(bench.dial(offered=("ocpp1.6",), password=password, tls=context))
    await station.boot()
    lower = await bench.station16(password=password, connect=False)
    same(status_of(await lower.refused()), 401, "the status of a handshake with the lower profile")
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
