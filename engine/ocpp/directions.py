"""Who sends which message, in each version: 39 messages in 1.6 (with the security whitepaper), 64 in 2.0.1, 91 in 2.1.

DataTransfer goes both ways. 2.1's NotifyPeriodicEventStream is no CALL but a SEND (Part 4, section 4.2.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Directions:
    """One version's messages by sender. `unconfirmed` are those that are sent as SEND and have no answer."""

    from_station: frozenset[str]
    to_station: frozenset[str]
    unconfirmed: frozenset[str] = frozenset()

    @property
    def actions(self) -> frozenset[str]:
        """All messages of the version."""
        return self.from_station | self.to_station

    @property
    def both(self) -> frozenset[str]:
        """What either side may send."""
        return self.from_station & self.to_station


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_V16 = Directions(
    from_station=_names("""
        Authorize BootNotification DataTransfer DiagnosticsStatusNotification FirmwareStatusNotification Heartbeat
        LogStatusNotification MeterValues SecurityEventNotification SignCertificate SignedFirmwareStatusNotification
        StartTransaction StatusNotification StopTransaction
    """),
    to_station=_names("""
        CancelReservation CertificateSigned ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile
        DataTransfer DeleteCertificate ExtendedTriggerMessage GetCompositeSchedule GetConfiguration GetDiagnostics
        GetInstalledCertificateIds GetLocalListVersion GetLog InstallCertificate RemoteStartTransaction
        RemoteStopTransaction ReserveNow Reset SendLocalList SetChargingProfile SignedUpdateFirmware TriggerMessage
        UnlockConnector UpdateFirmware
    """),
)

_V201 = Directions(
    from_station=_names("""
        Authorize BootNotification ClearedChargingLimit DataTransfer FirmwareStatusNotification Get15118EVCertificate
        GetCertificateStatus Heartbeat LogStatusNotification MeterValues NotifyChargingLimit NotifyCustomerInformation
        NotifyDisplayMessages NotifyEVChargingNeeds NotifyEVChargingSchedule NotifyEvent NotifyMonitoringReport
        NotifyReport PublishFirmwareStatusNotification ReportChargingProfiles ReservationStatusUpdate
        SecurityEventNotification SignCertificate StatusNotification TransactionEvent
    """),
    to_station=_names("""
        CancelReservation CertificateSigned ChangeAvailability ClearCache ClearChargingProfile ClearDisplayMessage
        ClearVariableMonitoring CostUpdated CustomerInformation DataTransfer DeleteCertificate GetBaseReport
        GetChargingProfiles GetCompositeSchedule GetDisplayMessages GetInstalledCertificateIds GetLocalListVersion
        GetLog GetMonitoringReport GetReport GetTransactionStatus GetVariables InstallCertificate PublishFirmware
        RequestStartTransaction RequestStopTransaction ReserveNow Reset SendLocalList SetChargingProfile
        SetDisplayMessage SetMonitoringBase SetMonitoringLevel SetNetworkProfile SetVariableMonitoring SetVariables
        TriggerMessage UnlockConnector UnpublishFirmware UpdateFirmware
    """),
)

_V21 = Directions(
    from_station=_V201.from_station
    | _names("""
        BatterySwap ClosePeriodicEventStream GetCertificateChainStatus NotifyDERAlarm NotifyDERStartStop
        NotifyPeriodicEventStream NotifyPriorityCharging NotifySettlement OpenPeriodicEventStream
        PullDynamicScheduleUpdate ReportDERControl VatNumberValidation
    """),
    to_station=_V201.to_station
    | _names("""
        AFRRSignal AdjustPeriodicEventStream ChangeTransactionTariff ClearDERControl ClearTariffs GetDERControl
        GetPeriodicEventStream GetTariffs NotifyAllowedEnergyTransfer NotifyWebPaymentStarted RequestBatterySwap
        SetDERControl SetDefaultTariff UpdateDynamicSchedule UsePriorityCharging
    """),
    unconfirmed=_names("NotifyPeriodicEventStream"),
)

DIRECTIONS: Mapping[str, Directions] = MappingProxyType({"v16": _V16, "v201": _V201, "v21": _V21})
"""By the name of the `ocpp` package's folder."""
