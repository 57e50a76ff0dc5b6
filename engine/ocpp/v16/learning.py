"""What a 1.6 station's answers teach about it. Nothing here raises: an answer may hold anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.charging.kept import facts
from engine.charging.kept.facts import Fact, Setting
from engine.charging.kept.notices import DIAGNOSTICS, FIRMWARE, LOG
from engine.charging.messages import Json
from engine.ocpp.certificates import installed
from engine.ocpp.loose_values import integer, mapping, mappings, text
from engine.ocpp.schedules import profile_of, schedule_of
from engine.ocpp.times import read_planned_time

_Object = Mapping[str, Json]

_PURPOSES = {"ChargePointMaxProfile": "ChargingStationMaxProfile"}
"""1.6's names of purposes in 2.x's."""

_USES = {"CentralSystemRootCertificate": "CSMSRootCertificate"}
"""1.6's names of certificate kinds in 2.x's."""


def learned(action: str, sent: _Object, answer: _Object, outcome: str) -> tuple[Fact, ...]:
    """The facts in the answer to `action`, whose payload was `sent` and whose outcome is known."""
    teach = _LESSONS.get(action)
    if teach is None or not (outcome == "Accepted" or action in _ALSO_REFUSED):
        return ()
    return teach(sent, answer)


def _configuration_read(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    entries = mappings(answer.get("configurationKey"))
    return (facts.ConfigurationLearned(tuple(_setting(entry) for entry in entries if text(entry.get("key")))),)


def _configuration_changed(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.ConfigurationLearned((_setting(sent),)),) if text(sent.get("key")) else ()


def _setting(entry: _Object) -> Setting:
    value = entry.get("value")
    readonly = entry.get("readonly")
    mutability = "" if readonly is None else "ReadOnly" if readonly else "ReadWrite"
    return Setting(entry["key"], None if value is None else str(value), mutability)


def _list_version(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    version = integer(answer.get("listVersion"))
    return () if version is None else (facts.LocalListLearned(version),)


def _list_sent(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    entries = mappings(sent.get("localAuthorizationList"))
    return (facts.LocalListLearned(sent["listVersion"], text(sent.get("updateType")), len(entries)),)


def _profile_set(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    said = mapping(sent.get("csChargingProfiles"))
    purpose = text(said.get("chargingProfilePurpose"))
    number = said["chargingProfileId"]
    schedules = [mapping(said.get("chargingSchedule"))]
    profile = profile_of(said, sent["connectorId"], number, _PURPOSES.get(purpose, purpose), schedules, "CSO")
    return (facts.ProfileSet(profile),)


def _profiles_cleared(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    """What the station does not know it does not have."""
    if text(answer.get("status")).lower() not in ("accepted", "unknown"):
        return ()
    purpose = sent.get("chargingProfilePurpose")
    named = None if purpose is None else _PURPOSES.get(purpose, purpose)
    return (facts.ProfilesCleared(sent.get("id"), sent.get("connectorId"), named, sent.get("stackLevel")),)


def _composite(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    evse = integer(answer.get("connectorId"))
    schedule = schedule_of(mapping(answer.get("chargingSchedule")))
    start = answer.get("scheduleStart")
    asked = {"start": start} if start is not None else {}
    return (facts.CompositeRead(sent["connectorId"] if evse is None else evse, schedule | asked),)


def _reserved(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    expires = read_planned_time(sent["expiryDate"]) or 0
    group = text(sent.get("parentIdTag"))
    return (facts.ReservationMade(sent["reservationId"], sent["connectorId"], sent["idTag"], group, expires),)


def _reservation_cancelled(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.ReservationCancelled(sent["reservationId"]),)


def _certificate_installed(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    use = text(sent.get("certificateType"))
    return (installed(_USES.get(use, use), text(sent.get("certificate"))),)


def _certificates_read(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    """NotFound says that there are none."""
    said = text(sent.get("certificateType"))
    use = _USES.get(said, said)
    listed = mappings(answer.get("certificateHashData"))
    return (facts.CertificatesRead((use,), tuple({"use": use, "hash": dict(h), "children": []} for h in listed)),)


def _certificate_deleted(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.CertificateDeleted(dict(mapping(sent.get("certificateHashData")))),)


def _station_certificate(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (installed("ChargingStationCertificate", text(sent.get("certificateChain"))),)


def _firmware(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.JobAccepted(FIRMWARE, None, text(sent.get("location"))),)


def _signed_firmware(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    location = text(mapping(sent.get("firmware")).get("location"))
    return (facts.JobAccepted(FIRMWARE, sent["requestId"], location),)


def _diagnostics(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    """Without a file name there is nothing to upload (5.9)."""
    file = text(answer.get("fileName"))
    return (facts.JobAccepted(DIAGNOSTICS, None, text(sent.get("location")), file),) if file else ()


def _log(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    location = text(mapping(sent.get("log")).get("remoteLocation"))
    return (facts.JobAccepted(LOG, sent["requestId"], location, text(answer.get("filename"))),)


_LESSONS: dict[str, Callable[[_Object, _Object], tuple[Fact, ...]]] = {
    "CancelReservation": _reservation_cancelled,
    "CertificateSigned": _station_certificate,
    "ChangeConfiguration": _configuration_changed,
    "ClearChargingProfile": _profiles_cleared,
    "DeleteCertificate": _certificate_deleted,
    "GetCompositeSchedule": _composite,
    "GetConfiguration": _configuration_read,
    "GetDiagnostics": _diagnostics,
    "GetInstalledCertificateIds": _certificates_read,
    "GetLocalListVersion": _list_version,
    "GetLog": _log,
    "InstallCertificate": _certificate_installed,
    "ReserveNow": _reserved,
    "SendLocalList": _list_sent,
    "SetChargingProfile": _profile_set,
    "SignedUpdateFirmware": _signed_firmware,
    "UpdateFirmware": _firmware,
}

_ALSO_REFUSED = frozenset({"ClearChargingProfile", "GetInstalledCertificateIds"})
"""What teaches something although the answer is no acceptance: that there is nothing (any more)."""
