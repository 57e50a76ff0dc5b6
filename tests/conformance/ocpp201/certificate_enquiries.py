"""Block M: what stations ask for EVs, of an OCSP responder and of the contract provider."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from tests.conformance import contracts, pki
from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.responder import Responder
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ANY, same

SCHEMA = "urn:iso:15118:2:2013:MsgDef"


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _status(
    bench: Bench, station: Station201, responder: Responder, asked: pki.Identity, status: ocsp.OCSPCertStatus
) -> None:
    """The station's question about one authority; the responder's own answer comes back, unchanged."""
    root = bench.system.tls.contracts_root
    data = pki.hash_data(asked.certificate, root.certificate) | {"responderURL": responder.url}
    told = await station.call(
        "GetCertificateStatus", {"ocspRequestData": data}, wanted={"status": "Accepted", "ocspResult": ANY}
    )
    response = ocsp.load_der_ocsp_response(base64.b64decode(told["ocspResult"], validate=True))
    same(response.response_status, ocsp.OCSPResponseStatus.SUCCESSFUL, "the responder's answer")
    same(response.serial_number, asked.certificate.serial_number, "the certificate of which it speaks")
    same(response.certificate_status, status, "what it says")
    key, algorithm = root.key.public_key(), response.signature_hash_algorithm
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert algorithm is not None
    key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))


@case("TC_M_24_CSMS", sample=True)
async def the_revocation_status_of_a_certificate(bench: Bench) -> None:
    """For each authority of the chain the responder's signed answer comes as base64 of DER: good, and once revoked."""
    async with Responder(bench.system.tls.contracts_root) as responder:
        chain = [pki.sub_authority(bench.system.tls.contracts_root, f"Sub CA {number}") for number in range(3)]
        for each in chain:
            responder.add(each.certificate)
        responder.revoke(chain[-1].certificate)
        station = await _booted(bench)
        for each in chain[:-1]:
            await _status(bench, station, responder, each, ocsp.OCSPCertStatus.GOOD)
        await _status(bench, station, responder, chain[-1], ocsp.OCSPCertStatus.REVOKED)
        same(responder.asked, [each.certificate.serial_number for each in chain], "what the responder was asked about")


async def _contract(bench: Bench, action: str) -> None:
    station = await _booted(bench)
    exi = base64.b64encode(f"{action} for {bench.identity}".encode()).decode()
    asked: dict[str, Any] = {"iso15118SchemaVersion": SCHEMA, "action": action, "exiRequest": exi}
    answer = contracts.exi_response(bench.system, action)
    told = await station.call("Get15118EVCertificate", asked, wanted={"status": "Accepted", "exiResponse": answer})
    same(len(base64.b64decode(told["exiResponse"], validate=True)) > 0, True, "whether the answer is base64")


@case("TC_M_26_CSMS")
async def a_contract_certificate_for_a_car(bench: Bench) -> None:
    """The provider's answer to the EV's request to install comes back as it is, in base64."""
    await _contract(bench, "Install")


@case("TC_M_28_CSMS")
async def a_contract_certificate_is_updated(bench: Bench) -> None:
    """The provider's answer to the EV's request to update comes back as it is, in base64."""
    await _contract(bench, "Update")
