"""The providers that an installation has, by its settings: none answers that is not configured."""

from __future__ import annotations

from pathlib import Path

from cryptography.x509 import Certificate

from engine.clock import Clock
from engine.enquiries.contract_authorization import ContractAuthorization
from engine.enquiries.contracts import FolderContracts, HttpContracts
from engine.enquiries.ocsp import CertificateStatus, ChainStatus, Ocsp, read_issuers
from engine.enquiries.port import Provider
from engine.errors import ConfigurationError
from engine.settings import Settings


def providers(settings: Settings, clock: Clock | None = None) -> dict[str, Provider]:
    """Provider by kind of enquiry. Raises ConfigurationError for files that cannot be read."""
    found: dict[str, Provider] = {}
    if settings.contracts_url:
        found["Get15118EVCertificate"] = HttpContracts(settings.contracts_url, settings.contracts_token)
    elif settings.contracts_dir is not None:
        found["Get15118EVCertificate"] = FolderContracts(settings.contracts_dir)
    if settings.ocsp_issuers_dir is not None:
        hosts = settings.ocsp_hosts.replace(",", " ").split()
        ocsp = Ocsp(_issuers(settings.ocsp_issuers_dir), hosts, clock=clock)
        found["GetCertificateStatus"] = CertificateStatus(ocsp)
        found["GetCertificateChainStatus"] = ChainStatus(ocsp)
        found["Authorize"] = ContractAuthorization(ocsp)
    return found


def _issuers(folder: Path) -> list[Certificate]:
    try:
        issuers = read_issuers(folder)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"RAYCHARGE_OCSP_ISSUERS_DIR ({folder}) cannot be read: {error}. Put PEM files of certificates there."
        ) from error
    if not issuers:
        raise ConfigurationError(f"RAYCHARGE_OCSP_ISSUERS_DIR ({folder}) holds no *.pem: put the issuers' there.")
    return issuers
