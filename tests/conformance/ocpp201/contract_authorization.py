"""Block C, contracts of ISO 15118: the CSMS asks the certificate's OCSP responder before it accepts the eMAID."""

from __future__ import annotations

from tests.conformance import pki
from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.responder import Responder
from tests.conformance.station201 import Station201, id_token
from tests.conformance.verdict import same

GOOD = {"idTokenInfo.status": "Accepted", "certificateStatus": "Accepted"}


async def _plugged_in(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    await station.ev_connected_pre_session()
    return station


async def _contract(bench: Bench, responder: Responder) -> pki.Identity:
    contract = pki.contract(bench.system.tls.contracts_root, bench.valid, responder.url)
    responder.add(contract.certificate)
    return contract


async def _charge(station: Station201, emaid: dict[str, object]) -> None:
    wanted = {"idTokenInfo.status": "Accepted"}
    await station.transactions[1].event("Updated", "Authorized", token=emaid, wanted=wanted)
    await station.energy_transfer_started()


def _hash_data(bench: Bench, contract: pki.Identity, responder: Responder) -> dict[str, object]:
    hashed = pki.hash_data(contract.certificate, bench.system.tls.contracts_root.certificate)
    return {"iso15118CertificateHashData": [hashed | {"responderURL": responder.url}]}


@case("TC_C_50_CSMS", sample=True)
async def a_good_contract_by_its_hash_data(bench: Bench) -> None:
    """The responder that the hash data name is asked about this certificate; it is good, and so is the eMAID."""
    async with Responder(bench.system.tls.contracts_root) as responder:
        contract = await _contract(bench, responder)
        station = await _plugged_in(bench)
        emaid = id_token(bench.valid, "eMAID")
        await station.authorize(emaid, wanted=GOOD, **_hash_data(bench, contract, responder))
        same(responder.asked, [contract.certificate.serial_number], "what the responder was asked about")
        await _charge(station, emaid)


@case("TC_C_51_CSMS")
async def a_revoked_contract_by_its_hash_data(bench: Bench) -> None:
    """The responder is asked and says revoked: the certificate's status says so, and the eMAID is not accepted."""
    async with Responder(bench.system.tls.contracts_root) as responder:
        contract = await _contract(bench, responder)
        responder.revoke(contract.certificate)
        station = await _plugged_in(bench)
        wanted = {"idTokenInfo.status": "Invalid", "certificateStatus": "CertificateRevoked"}
        emaid = id_token(bench.valid, "eMAID")
        await station.authorize(emaid, wanted=wanted, **_hash_data(bench, contract, responder))
        same(responder.asked, [contract.certificate.serial_number], "what the responder was asked about")


@case("TC_C_52_CSMS")
async def a_good_contract_by_its_certificate(bench: Bench) -> None:
    """Without hash data the CSMS checks the chain, finds the responder in the certificate, and asks it."""
    async with Responder(bench.system.tls.contracts_root) as responder:
        contract = await _contract(bench, responder)
        station = await _plugged_in(bench)
        emaid = id_token(bench.valid, "eMAID")
        await station.authorize(emaid, wanted=GOOD, certificate=pki.pem(contract.certificate))
        same(responder.asked, [contract.certificate.serial_number], "what the responder was asked about")
        await _charge(station, emaid)
