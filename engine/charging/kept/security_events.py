"""Which security events matter at once: the list of the specification (1.6 whitepaper, 2.x Part 2, appendix 1)."""

from __future__ import annotations

CRITICAL = frozenset(
    {
        "FirmwareUpdated",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "ResetOrReboot",
        "SecurityLogWasCleared",
        "MemoryExhaustion",
        "DiscardedRenewedClientCertificate",
        "TamperDetectionActivated",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidCsmsCertificate",
        "InvalidChargingStationCertificate",
        "InvalidChargePointCertificate",
        "InvalidCentralSystemCertificate",
        "InvalidTLSVersion",
        "InvalidTLSCipherSuite",
        "MaintenanceLoginAccepted",
        "MaintenanceLoginFailed",
    }
)
"""1.6's names of two certificates' events are among them."""

HARMLESS = frozenset(
    {
        "FailedToAuthenticateAtCsms",
        "FailedToAuthenticateAtCentralSystem",
        "CsmsFailedToAuthenticate",
        "CentralSystemFailedToAuthenticate",
        "ReconfigurationOfSecurityParameters",
        "InvalidMessages",
        "AttemptedReplayAttacks",
    }
)


def is_critical(event_type: str) -> bool | None:
    """None for a vendor's own event."""
    if event_type in CRITICAL:
        return True
    return False if event_type in HARMLESS else None
