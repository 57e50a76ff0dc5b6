"""Block N: what a station knows of a customer is reported, cleared, both, and taken off the local list."""

from __future__ import annotations

from typing import Any

from tests.conformance import pki
from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station201 import Station201, id_token
from tests.conformance.verdict import ABSENT, ANY, holds, same

KIND = "ISO14443"
DATA = ("Sessions: 2 of them", "Local list: one entry")


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


def _by_token(bench: Bench) -> dict[str, Any]:
    return {"token": {"id_token": bench.valid, "kind": KIND}}


async def _ask(
    bench: Bench,
    station: Station201,
    whom: dict[str, Any],
    said: dict[str, Any],
    *,
    report: bool = True,
    clear: bool = False,
    status: str = "Accepted",
) -> Commanded:
    """The operator's request about a customer, `whom` in the endpoint's words and `said` in the station's."""
    nobody = {"idToken": ABSENT, "customerIdentifier": ABSENT, "customerCertificate": ABSENT}
    told = await bench.operated(
        station,
        "/customer-information",
        {"report": report, "clear": clear, **whom},
        action="CustomerInformation",
        answer={"status": status},
        outcome="Accepted" if status == "Accepted" else "Rejected",
        wanted={**nobody, "requestId": ANY, "report": report, "clear": clear, **said},
    )
    same(told.ended["number"], told.request["requestId"], "the number that the operator is told")
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    return told


async def _ask_by_token(bench: Bench, station: Station201, **more: Any) -> Commanded:
    return await _ask(bench, station, _by_token(bench), {"idToken": id_token(bench.valid, KIND)}, **more)


async def _report(bench: Bench, station: Station201, told: Commanded, *data: str, promised: bool = True) -> None:
    """NotifyCustomerInformation in as many parts, each answered; then the operator reads the whole."""
    request = told.request["requestId"]
    for number, text in enumerate(data):
        part = {"requestId": request, "seqNo": number, "generatedAt": stamp(), "data": text}
        more = {"tbc": True} if number < len(data) - 1 else {}
        same(await station.call("NotifyCustomerInformation", part | more), {}, "the answer to a part")
    report = await bench.kept(f"reports/{request}")
    wanted = {"report": "customer_information", "complete": True, "command": told.id if promised else ANY}
    holds(report, wanted, "the report")
    same(report["items"], list(data), "what the operator reads")


@case("TC_N_27_CSMS", sample=True)
async def a_customers_data_are_reported(bench: Bench) -> None:
    """A report about the token's customer is asked for; its parts are taken and put together for the operator."""
    station = await _booted(bench)
    told = await _ask_by_token(bench, station)
    await _report(bench, station, told, *DATA)


@case("TC_N_28_CSMS")
async def a_customer_without_data(bench: Bench) -> None:
    """A report that says nothing is taken as such."""
    station = await _booted(bench)
    told = await _ask_by_token(bench, station)
    await _report(bench, station, told, "")


@case("TC_N_29_CSMS")
async def the_station_does_not_report_customers_data(bench: Bench) -> None:
    """Rejected is told to the operator, and no report is awaited."""
    station = await _booted(bench)
    await _ask_by_token(bench, station, status="Rejected")
    same((await bench.kept("reports"))["reports"], [], "the reports that are awaited")


@case("TC_N_30_CSMS")
async def a_customers_data_are_reported_and_cleared(bench: Bench) -> None:
    """Report and clear are asked for at once, by the token; the report is taken."""
    station = await _booted(bench)
    told = await _ask_by_token(bench, station, clear=True)
    await _report(bench, station, told, *DATA)


@case("TC_N_31_CSMS")
async def nothing_of_a_customer_to_report_and_clear(bench: Bench) -> None:
    """Report and clear are asked for at once, by the token; a report that says nothing is taken."""
    station = await _booted(bench)
    told = await _ask_by_token(bench, station, clear=True)
    await _report(bench, station, told, "")


@case("TC_N_32_CSMS")
async def a_customers_data_are_cleared_without_a_report(bench: Bench) -> None:
    """Clear alone is asked for; no report is awaited, and the one that comes nevertheless is answered."""
    station = await _booted(bench)
    told = await _ask_by_token(bench, station, report=False, clear=True)
    same((await bench.kept("reports"))["reports"], [], "the reports that are awaited")
    await _report(bench, station, told, "", promised=False)


@case("TC_N_62_CSMS")
async def cleared_by_a_customer_identifier(bench: Bench) -> None:
    """Report and clear are asked for by a customer identifier, and by nothing else."""
    station = await _booted(bench)
    whom, said = {"customer": "OpenChargeAlliance"}, {"customerIdentifier": "OpenChargeAlliance"}
    told = await _ask(bench, station, whom, said, clear=True)
    await _report(bench, station, told, *DATA)


@case("TC_N_63_CSMS")
async def cleared_by_a_customers_certificate(bench: Bench) -> None:
    """Report and clear are asked for by the hash data of a certificate, and by nothing else."""
    station = await _booted(bench)
    customer = pki.client(pki.authority("A mobility operator"), "A customer's contract")
    data = pki.hash_data(customer.certificate)
    told = await _ask(bench, station, {"certificate": data}, {"customerCertificate": data}, clear=True)
    await _report(bench, station, told, *DATA)


@case("TC_N_46_CSMS")
async def a_cleared_customer_is_taken_off_the_local_list(bench: Bench) -> None:
    """After the report the CSMS by itself takes exactly this token off the list, under a version above the last."""
    station = await _booted(bench)
    other = await bench.token()
    sent = await bench.operated(
        station, "/local-list", {"tokens": [bench.valid, other]}, action="SendLocalList", answer={"status": "Accepted"}
    )
    listed = [entry["idToken"] for entry in sent.request["localAuthorizationList"]]
    same(id_token(bench.valid, KIND) in listed, True, "whether the token is on the list")
    told = await _ask_by_token(bench, station, clear=True)
    await _report(bench, station, told, *DATA)
    before = sent.request["versionNumber"]
    change = await station.expect(
        "SendLocalList",
        {"status": "Accepted"},
        wanted={"updateType": "Differential", "versionNumber": lambda number: number > before},
    )
    same(change["localAuthorizationList"], [{"idToken": id_token(bench.valid, KIND)}], "the change of the list")

    async def known() -> bool:
        return bool((await bench.kept("local-list"))["version"] == change["versionNumber"])

    await bench.until(known, "the new version known")
