"""Block M: roots are installed, listed and deleted, each by the words and the id that the station has for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography import x509

from tests.conformance import pki
from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, ANY, holds, same

CSMS, MANUFACTURER = "CSMSRootCertificate", "ManufacturerRootCertificate"
V2G, MOBILITY, CHAIN = "V2GRootCertificate", "MORootCertificate", "V2GCertificateChain"
ALGORITHMS = ("SHA256", "SHA384", "SHA512")
Chain = dict[str, Any]


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _kept(bench: Bench, *uses: str) -> list[dict[str, Any]]:
    certificates: list[dict[str, Any]] = (await bench.kept("certificates"))["certificates"]
    return [each for each in certificates if each["use"] in uses or not uses]


async def _install(bench: Bench, station: Station201, use: str, status: str = "Accepted") -> x509.Certificate:
    """CertificateInstalled: the operator has a root installed; it goes out as given and is known if it was taken."""
    root = pki.root(f"Root of {bench.identity}")
    asked = {"certificateType": use, "certificate": pki.pem(root)}
    outcome = "Accepted" if status == "Accepted" else "Rejected"
    told = await bench.commanded(
        station, "InstallCertificate", asked, answer={"status": status}, outcome=outcome, wanted=asked
    )
    same(pki.chain(told.request["certificate"]), [root], "the certificate that the station was given")
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    same(len(await _kept(bench, use)), int(status == "Accepted"), "how many installed roots of this kind are known")
    return root


def _entry(use: str, root: x509.Certificate, algorithm: str = "SHA256", *children: Chain) -> Chain:
    listed: Chain = {"certificateType": use, "certificateHashData": pki.hash_data(root, algorithm=algorithm)}
    return listed | ({"childCertificateHashData": list(children)} if children else {})


async def _list(bench: Bench, station: Station201, uses: Sequence[str], *chains: Chain) -> Commanded:
    """GetInstalledCertificates: the operator asks for these kinds (none: all), is told, and it is known after."""
    asked = {"certificateType": list(uses)} if uses else {}
    answer = {"status": "Accepted", "certificateHashDataChain": list(chains)}
    wanted = {"certificateType": list(uses) if uses else ABSENT}
    told = await bench.commanded(station, "GetInstalledCertificateIds", asked, answer=answer, wanted=wanted)
    same(told.ended["payload"], answer, "what the operator is told")
    found = [(each["use"], each["hash"], each["children"]) for each in await _kept(bench, *uses)]
    listed = [
        (each["certificateType"], each["certificateHashData"], each.get("childCertificateHashData", []))
        for each in chains
    ]
    same(found, listed, "the certificates that are known")
    return told


async def _listed(bench: Bench, *uses: str) -> None:
    """One root of each kind is listed."""
    chains = [_entry(use, pki.root(f"{use} of {bench.identity}")) for use in uses]
    await _list(bench, await _booted(bench), uses, *chains)


@case("TC_M_01_CSMS", sample=True)
async def a_csms_root_is_installed(bench: Bench) -> None:
    """The operator's CSMS root goes out under its kind, is accepted, and is known as installed."""
    await _install(bench, await _booted(bench), CSMS)


@case("TC_M_02_CSMS")
async def a_manufacturer_root_is_installed(bench: Bench) -> None:
    """The operator's manufacturer root goes out under its kind, is accepted, and is known as installed."""
    await _install(bench, await _booted(bench), MANUFACTURER)


@case("TC_M_03_CSMS")
async def a_v2g_root_is_installed(bench: Bench) -> None:
    """The operator's V2G root goes out under its kind, is accepted, and is known as installed."""
    await _install(bench, await _booted(bench), V2G)


@case("TC_M_04_CSMS")
async def a_mobility_operator_root_is_installed(bench: Bench) -> None:
    """The operator's mobility operator root goes out under its kind, is accepted, and is known as installed."""
    await _install(bench, await _booted(bench), MOBILITY)


@case("TC_M_05_CSMS")
async def a_root_cannot_be_installed(bench: Bench) -> None:
    """Failed is told to the operator, and the root is not known as installed."""
    await _install(bench, await _booted(bench), CSMS, "Failed")


@case("TC_M_12_CSMS")
async def csms_roots_are_listed(bench: Bench) -> None:
    """CSMS roots are asked for and taken, hashed by each of the three algorithms; the last word counts."""
    station = await _booted(bench)
    roots = [pki.root(f"Root {number} of {bench.identity}") for number in range(2)]
    for algorithm in ALGORITHMS:
        await _list(bench, station, [CSMS], *(_entry(CSMS, root, algorithm) for root in roots))


@case("TC_M_13_CSMS")
async def manufacturer_roots_are_listed(bench: Bench) -> None:
    """Manufacturer roots, and only those, are asked for; the station's are told to the operator and known."""
    await _listed(bench, MANUFACTURER)


@case("TC_M_14_CSMS")
async def v2g_roots_are_listed(bench: Bench) -> None:
    """V2G roots, and only those, are asked for; the station's are told to the operator and known."""
    await _listed(bench, V2G)


@case("TC_M_15_CSMS")
async def v2g_chains_are_listed(bench: Bench) -> None:
    """V2G chains are asked for; the station's certificate and the authorities above it are told and known."""
    root = pki.authority(f"V2G root of {bench.identity}")
    first = pki.sub_authority(root, "Sub CA 1")
    second = pki.sub_authority(first, "Sub CA 2")
    leaf = pki.client(second, bench.identity)
    chain = {
        "certificateType": CHAIN,
        "certificateHashData": pki.hash_data(leaf.certificate, second.certificate),
        "childCertificateHashData": [
            pki.hash_data(second.certificate, first.certificate),
            pki.hash_data(first.certificate, root.certificate),
        ],
    }
    await _list(bench, await _booted(bench), [CHAIN], chain)


@case("TC_M_16_CSMS")
async def mobility_operator_roots_are_listed(bench: Bench) -> None:
    """Mobility operator roots, and only those, are asked for; the station's are told to the operator and known."""
    await _listed(bench, MOBILITY)


@case("TC_M_17_CSMS")
async def roots_of_two_kinds_are_listed(bench: Bench) -> None:
    """Both kinds are asked for in one message; the station's of both are told to the operator and known."""
    await _listed(bench, CSMS, MANUFACTURER)


@case("TC_M_18_CSMS")
async def certificates_of_every_kind_are_listed(bench: Bench) -> None:
    """No kind is named; what the station has of all five is told and known, and what it does not list is no more."""
    station = await _booted(bench)
    await _install(bench, station, CSMS)
    uses = (CSMS, MANUFACTURER, V2G, MOBILITY, CHAIN)
    await _list(bench, station, (), *(_entry(use, pki.root(f"{use} of {bench.identity}")) for use in uses))


@case("TC_M_19_CSMS")
async def no_certificate_to_list(bench: Bench) -> None:
    """NotFound is told to the operator: there are none of this kind, also not the one that was known, but others."""
    station = await _booted(bench)
    await _install(bench, station, MANUFACTURER)
    await _install(bench, station, CSMS)
    asked = {"certificateType": [MANUFACTURER]}
    told = await bench.commanded(
        station,
        "GetInstalledCertificateIds",
        asked,
        answer={"status": "NotFound"},
        outcome="Rejected",
        wanted=asked,
    )
    holds(told.ended, {"payload.status": "NotFound", "payload.certificateHashDataChain": ABSENT}, "what is told")
    same([each["use"] for each in await _kept(bench)], [CSMS], "the kinds that are known")


async def _delete(bench: Bench, station: Station201, algorithm: str, status: str) -> None:
    """Installed, then listed; the operator has it deleted by the id that the CSMS knows from the list."""
    root = await _install(bench, station, CSMS)
    await _list(bench, station, [CSMS], _entry(CSMS, root, algorithm))
    (known,) = await _kept(bench, CSMS)
    holds(known["hash"], {"hashAlgorithm": algorithm, "serialNumber": ANY}, "the id that is known")
    asked = {"certificateHashData": known["hash"]}
    outcome = "Accepted" if status == "Accepted" else "Rejected"
    told = await bench.commanded(
        station, "DeleteCertificate", asked, answer={"status": status}, outcome=outcome, wanted=asked
    )
    same(told.request["certificateHashData"], pki.hash_data(root, algorithm=algorithm), "the id to delete by")
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    same(len(await _kept(bench, CSMS)), int(status != "Accepted"), "how many roots are known afterwards")


@case("TC_M_20_CSMS")
async def a_certificate_is_deleted(bench: Bench) -> None:
    """By exactly the id that the station listed, in each of the three algorithms; it is known no more."""
    station = await _booted(bench)
    for algorithm in ALGORITHMS:
        await _delete(bench, station, algorithm, "Accepted")


@case("TC_M_21_CSMS")
async def a_certificate_cannot_be_deleted(bench: Bench) -> None:
    """Failed is told to the operator, and the certificate is still known as installed."""
    await _delete(bench, await _booted(bench), "SHA256", "Failed")
