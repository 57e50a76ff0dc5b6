"""What a 2.x station wants to know from others through us (2.0.1 blocks C and M): each with its negative answer.

The actor layer asks a provider and puts its answer in the place of the negative one.
"""

from __future__ import annotations

from typing import Any

from engine.charging.kept.notices import Enquiry
from engine.clock import to_iso
from engine.ocpp.port import Circumstances

_NO_PROVIDER = {"reasonCode": "NotEnabled", "additionalInfo": "No provider answers this here."}


def understand_ev_certificate(payload: dict[str, Any], _circumstances: Circumstances) -> Enquiry:
    """Get15118EVCertificate (M01, M02): without a provider there is no response to hand to the EV."""
    answer = {"status": "Failed", "exiResponse": "", "statusInfo": _NO_PROVIDER}
    return Enquiry("Get15118EVCertificate", payload, answer)


def understand_certificate_status(payload: dict[str, Any], _circumstances: Circumstances) -> Enquiry:
    """GetCertificateStatus (M06): the OCSP response of the certificate's issuer."""
    return Enquiry("GetCertificateStatus", payload, {"status": "Failed", "statusInfo": _NO_PROVIDER})


def understand_chain_status(payload: dict[str, Any], circumstances: Circumstances) -> Enquiry:
    """GetCertificateChainStatus (2.1): one status for each certificate that is asked about."""
    statuses = [
        {
            "certificateHashData": asked["certificateHashData"],
            "source": asked["source"],
            "status": "Failed",
            "nextUpdate": to_iso(circumstances.received),
        }
        for asked in payload["certificateStatusRequests"]
    ]
    return Enquiry("GetCertificateChainStatus", payload, {"certificateStatus": statuses})


def understand_vat_number(payload: dict[str, Any], _circumstances: Circumstances) -> Enquiry:
    """VatNumberValidation (2.1)."""
    answer = {"vatNumber": payload["vatNumber"], "status": "Rejected", "statusInfo": _NO_PROVIDER}
    if "evseId" in payload:
        answer["evseId"] = payload["evseId"]
    return Enquiry("VatNumberValidation", payload, answer)
