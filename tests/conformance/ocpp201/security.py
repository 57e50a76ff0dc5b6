"""Block A: how a station gets in, and how its password, its certificates and its security profile are changed."""

from __future__ import annotations

import ssl
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

from tests.conformance import pki
from tests.conformance.bench import Bench
from tests.conformance.handshakes import judge_certificate, status_of, with_each_suite
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ANY, CaseFailed, same

ACCEPTED = {"status": "Accepted"}
PASSWORD_PLACE = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}


async def _registered(bench: Bench, **more: Any) -> str:
    """This case's station with a password of its own; the password."""
    password = token_urlsafe(24)
    bench.identity = await bench.register("P", password=password, **more)
    return password


async def _refused(bench: Bench, **dial: Any) -> None:
    stranger = await bench.station201(connect=False, **dial)
    same(status_of(await stranger.refused()), 401, "the status of the refused handshake")


@case("TC_A_01_CSMS", sample=True)
async def the_right_password(bench: Bench) -> None:
    """With its own id and password a station gets in, and its boot is accepted."""
    station = await bench.station201(password=await _registered(bench))
    await station.boot()


@case("TC_A_02_CSMS")
async def another_name_than_the_stations(bench: Bench) -> None:
    """A user name that is not the station's id is refused, even with the right password."""
    password = await _registered(bench)
    await _refused(bench, password=password, user=f"{bench.identity}Invalid")
    station = await bench.station201(password=password)
    await station.boot()


@case("TC_A_03_CSMS")
async def a_wrong_password(bench: Bench) -> None:
    """A password that is not the station's is refused, and so is none at all."""
    password = await _registered(bench)
    await _refused(bench, password=token_urlsafe(24))
    await _refused(bench)
    station = await bench.station201(password=password)
    await station.boot()


@case("TC_A_04_CSMS")
async def the_gateways_certificate(bench: Bench) -> None:
    """With each of the demanded suites the gateway shows a good certificate, and the station boots by its password."""
    password = await _registered(bench, security_profile=2)
    async for station in with_each_suite(bench, bench.station201, password=password):
        judge_certificate(station)
        await station.boot()


@case("TC_A_06_CSMS")
async def a_version_of_tls_that_is_too_low(bench: Bench) -> None:
    """TLS 1.1 is not spoken; the same station gets in with TLS 1.2."""
    password = await _registered(bench, security_profile=2)
    old = bench.system.tls.context(lowest=ssl.TLSVersion.TLSv1, highest=ssl.TLSVersion.TLSv1_1)
    stranger = await bench.station201(tls=old, password=password, connect=False)
    refusal = await stranger.refused()
    if not isinstance(refusal, (ssl.SSLError, ConnectionError)):
        raise CaseFailed(f"TLS 1.1 is not refused in TLS itself: {refusal!r}")
    context = bench.system.tls.context(highest=ssl.TLSVersion.TLSv1_2)
    station = await bench.station201(tls=context, password=password)
    await station.boot()


@case("TC_A_07_CSMS")
async def the_stations_certificate(bench: Bench) -> None:
    """With each of the demanded suites a station boots by its own certificate."""
    bench.identity = await bench.register("C", security_profile=3)
    identity = pki.client(bench.system.tls.stations_root, bench.identity)
    async for station in with_each_suite(bench, bench.station201, identity=identity):
        await station.boot()


@case("TC_A_08_CSMS")
async def a_certificate_that_is_not_good(bench: Bench) -> None:
    """A certificate of an unknown root, an expired one and one of another station are refused; the right one is not."""
    bench.identity = await bench.register("C", security_profile=3)
    root = bench.system.tls.stations_root
    wrong = (
        pki.client(pki.authority("Somebody else's root"), bench.identity),
        pki.client(root, bench.identity, valid_for=timedelta(days=-1)),
        pki.client(root, f"{bench.identity}-OTHER"),
    )
    for identity in wrong:
        stranger = await bench.station201(tls=bench.system.tls.context(identity), connect=False)
        await stranger.refused()
    right = pki.client(root, bench.identity)
    station = await bench.station201(tls=bench.system.tls.context(right))
    await station.boot()


async def _password_asked(bench: Bench, status: str) -> tuple[str, str]:
    """The operator changes the password of a station that answers with this status; the old and the new one."""
    old, new = await _registered(bench), token_urlsafe(24)
    station = await bench.station201(password=old)
    await station.boot()
    result = {"attributeStatus": status, **PASSWORD_PLACE}
    told = await bench.operated(
        station,
        "/password",
        {"password": new},
        action="SetVariables",
        answer={"setVariableResult": [result]},
        outcome=status,
        wanted={"setVariableData.0.attributeValue": ANY},
    )
    same(told.request["setVariableData"], [{"attributeValue": new, **PASSWORD_PLACE}], "what the station is told")
    await station.close()
    return old, new


@case("TC_A_09_CSMS")
async def a_new_password(bench: Bench) -> None:
    """BasicAuthPassword is set; the station gets in with the new one and boots, and no more with the old one."""
    old, new = await _password_asked(bench, "Accepted")
    station = await bench.station201(password=new)
    await station.boot()
    await _refused(bench, password=old)


@case("TC_A_10_CSMS")
async def a_new_password_that_the_station_rejects(bench: Bench) -> None:
    """The station rejects the new password and gets in with the old one; the new one counts for nothing."""
    old, new = await _password_asked(bench, "Rejected")
    station = await bench.station201(password=old)
    await station.boot()
    await _refused(bench, password=new)


async def _signed(
    bench: Bench, station: Station201, trigger: str, requested: str, key: pki.Key, kind: str | None, answer: str
) -> list[Any]:
    """The operator has the station ask for a signature; the chain that it is sent for its key."""
    await bench.operated(
        station,
        "/trigger",
        {"message": trigger},
        action="TriggerMessage",
        answer=ACCEPTED,
        wanted={"requestedMessage": requested},
    )
    request: dict[str, Any] = {"csr": pki.signing_request(key, bench.identity)}
    if kind is not None:
        request["certificateType"] = kind
    await station.call("SignCertificate", request, wanted=ACCEPTED)
    signed = await station.expect("CertificateSigned", {"status": answer})
    chain = pki.chain(signed["certificateChain"])
    same(pki.same_key(chain[0], key), True, "a certificate for the station's key")
    same(chain[0].serial_number > 0, True, "a serial number in the certificate")
    return chain


@case("TC_A_11_CSMS", sample=True)
async def a_new_certificate(bench: Bench) -> None:
    """A renewed certificate is for the station's key and name, and with it the station gets in anew."""
    bench.identity = await bench.register("C", security_profile=3)
    first = pki.client(bench.system.tls.stations_root, bench.identity)
    station = await bench.station201(tls=bench.system.tls.context(first))
    await station.boot()
    key, kind = pki.new_key(), "ChargingStationCertificate"
    chain = await _signed(bench, station, "sign_certificate", f"Sign{kind}", key, kind, "Accepted")
    same(pki.common_name(chain[0]), bench.identity, "whom the certificate is for")
    context = bench.system.tls.context(pki.Identity(chain[0], key))
    await station.reconnect(bench.dial(offered=("ocpp2.0.1",), tls=context))
    await station.boot()


@case("TC_A_12_CSMS")
async def a_new_v2g_certificate(bench: Bench) -> None:
    """The station is asked to renew its V2G certificate, and is sent one for its key."""
    station = await bench.station201()
    await station.boot()
    await _signed(
        bench, station, "sign_v2g_certificate", "SignV2GCertificate", pki.new_key(), "V2GCertificate", "Accepted"
    )


@case("TC_A_13_CSMS")
async def a_new_combined_certificate(bench: Bench) -> None:
    """The station is asked to renew its combined certificate, and is sent one for its key and name."""
    station = await bench.station201()
    await station.boot()
    chain = await _signed(
        bench, station, "sign_combined_certificate", "SignCombinedCertificate", pki.new_key(), None, "Accepted"
    )
    same(pki.common_name(chain[0]), bench.identity, "whom the certificate is for")


@case("TC_A_14_CSMS")
async def a_new_certificate_that_the_station_rejects(bench: Bench) -> None:
    """What was signed is rejected by the station; its security event is taken, and it goes on as before."""
    station = await bench.station201()
    await station.boot()
    kind = "ChargingStationCertificate"
    await _signed(bench, station, "sign_certificate", f"Sign{kind}", pki.new_key(), kind, "Rejected")
    await station.call("Heartbeat")


@case("TC_A_19_CSMS")
async def a_raised_security_profile(bench: Bench) -> None:
    """A network profile of profile 2 is set, put first, and the station restarted: it gets in by TLS, and only so."""
    password = await _registered(bench, security_profile=1)
    station = await bench.station201(password=password)
    await station.boot()
    connection = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": bench.system.addresses.ocpp_tls,
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    }
    profile = {"configurationSlot": 2, "connectionData": connection}
    await bench.commanded(station, "SetNetworkProfile", profile, answer=ACCEPTED)
    place = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "NetworkConfigurationPriority"}}
    await bench.operated(
        station,
        "/configuration",
        {"name": {"component": "OCPPCommCtrlr", "variable": "NetworkConfigurationPriority"}, "value": "2,1"},
        action="SetVariables",
        answer={"setVariableResult": [{"attributeStatus": "Accepted", **place}]},
        wanted={"setVariableData.0.attributeValue": "2,1", "setVariableData.0.variable": place["variable"]},
    )
    await bench.operated(station, "/reset", {}, action="Reset", answer=ACCEPTED)
    context = bench.system.tls.context()
    await station.reconnect(bench.dial(offered=("ocpp2.0.1",), password=password, tls=context))
    await station.boot()
    await _refused(bench, password=password)
    await station.call("Heartbeat")
