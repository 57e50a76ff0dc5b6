"""What a 2.x station's answers teach about it. Nothing here raises: an answer may hold anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.charging.kept import facts
from engine.charging.kept.facts import Fact, Setting
from engine.charging.kept.notices import (
    CONFIGURATION,
    CUSTOMER,
    DER,
    DISPLAYS,
    FIRMWARE,
    LOG,
    MONITORING,
    PROFILES,
    PUBLISH,
)
from engine.charging.messages import Json
from engine.ocpp.certificates import installed
from engine.ocpp.loose_values import integer, mapping, mappings, text
from engine.ocpp.schedules import schedule_of
from engine.ocpp.times import read_planned_time
from engine.ocpp.v2 import display, smart_charging
from engine.ocpp.v2.device_model import monitor_of, place_of

_Object = Mapping[str, Json]

_GOOD = frozenset({"Accepted", "RebootRequired"})


def learned(action: str, sent: _Object, answer: _Object, outcome: str) -> tuple[Fact, ...]:
    """The facts in the answer to `action`, whose payload was `sent` and whose outcome is known."""
    teach = _LESSONS.get(action)
    if teach is None or not (outcome == "Accepted" or action in _ALSO_REFUSED):
        return ()
    return teach(sent, answer)


def _variables(results: Json, values: Mapping[tuple[Json, ...], Json]) -> tuple[Fact, ...]:
    settings = []
    for item in mappings(results):
        if text(item.get("attributeStatus")) in _GOOD:
            value = item.get("attributeValue", values.get(_identity(item)))
            place = place_of(item)
            name = str(place.pop("variable"))
            attribute = text(item.get("attributeType")) or "Actual"
            settings.append(Setting(name, None if value is None else str(value), "", attribute=attribute, **place))
    return (facts.ConfigurationLearned(tuple(settings)),) if settings else ()


def _identity(item: _Object) -> tuple[Json, ...]:
    return (*place_of(item).values(), text(item.get("attributeType")) or "Actual")


def _variables_read(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return _variables(answer.get("getVariableResult"), {})


def _variables_set(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    """The answer names what was set, the call says to what."""
    values = {_identity(item): item.get("attributeValue") for item in mappings(sent.get("setVariableData"))}
    return _variables(answer.get("setVariableResult"), values)


def _list_version(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    version = integer(answer.get("versionNumber"))
    return () if version is None else (facts.LocalListLearned(version),)


def _list_sent(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    entries = mappings(sent.get("localAuthorizationList"))
    return (facts.LocalListLearned(sent["versionNumber"], text(sent.get("updateType")), len(entries)),)


def _profile_set(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.ProfileSet(smart_charging.profile(mapping(sent.get("chargingProfile")), sent["evseId"], "CSO")),)


def _profiles_cleared(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    """An id makes the criteria void (K10). What the station does not know it does not have."""
    if text(answer.get("status")).lower() not in ("accepted", "unknown"):
        return ()
    wanted = mapping(sent.get("chargingProfileCriteria"))
    level, purpose = integer(wanted.get("stackLevel")), wanted.get("chargingProfilePurpose")
    return (facts.ProfilesCleared(sent.get("chargingProfileId"), integer(wanted.get("evseId")), purpose, level),)


def _composite(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    said = mapping(answer.get("schedule"))
    evse = integer(said.get("evseId"))
    return (facts.CompositeRead(sent["evseId"] if evse is None else evse, schedule_of(said)),)


def _reserved(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    expires = read_planned_time(sent["expiryDateTime"]) or 0
    token, group = text(mapping(sent["idToken"]).get("idToken")), text(mapping(sent.get("groupIdToken")).get("idToken"))
    return (facts.ReservationMade(sent["id"], sent.get("evseId", 0), token, group, expires),)


def _reservation_cancelled(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.ReservationCancelled(sent["reservationId"]),)


def _certificate_installed(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (installed(text(sent.get("certificateType")), text(sent.get("certificate"))),)


def _station_certificate(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    use = text(sent.get("certificateType")) or "ChargingStationCertificate"
    return (installed(use, text(sent.get("certificateChain"))),)


def _certificates_read(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    """NotFound says that there are none of these kinds."""
    asked = sent.get("certificateType")
    uses = tuple(text(use) for use in asked) if isinstance(asked, list) else ()
    listed = tuple(
        {
            "use": text(chain.get("certificateType")),
            "hash": dict(mapping(chain.get("certificateHashData"))),
            "children": [dict(child) for child in mappings(chain.get("childCertificateHashData"))],
        }
        for chain in mappings(answer.get("certificateHashDataChain"))
    )
    return (facts.CertificatesRead(uses, listed),)


def _certificate_deleted(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.CertificateDeleted(dict(mapping(sent.get("certificateHashData")))),)


def _firmware(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.JobAccepted(FIRMWARE, sent["requestId"], text(mapping(sent.get("firmware")).get("location"))),)


def _publish(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.JobAccepted(PUBLISH, sent["requestId"], text(sent.get("location"))),)


def _log(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    location = text(mapping(sent.get("log")).get("remoteLocation"))
    return (facts.JobAccepted(LOG, sent["requestId"], location, text(answer.get("filename"))),)


def _monitors_set(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    """The results come in the order of what was sent (N04), and name variable and type; the values only we have."""
    values = {_monitored(item): item for item in mappings(sent.get("setMonitoringData"))}
    monitors = [
        monitor_of(result, {**values.get(_monitored(result), {}), **result})
        for result in mappings(answer.get("setMonitoringResult"))
        if result.get("status") == "Accepted" and integer(result.get("id")) is not None
    ]
    return (facts.MonitorsSet(tuple(monitors)),) if monitors else ()


def _monitored(item: _Object) -> tuple[Json, ...]:
    return (*place_of(item).values(), text(item.get("type")), integer(item.get("severity")))


def _monitors_cleared(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    """What the station does not know it does not have."""
    results = mappings(answer.get("clearMonitoringResult"))
    gone = [integer(result.get("id")) for result in results if result.get("status") in ("Accepted", "NotFound")]
    return (facts.MonitorsCleared(tuple(number for number in gone if number is not None)),)


def _monitoring_base(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.MonitoringSet(base=text(sent.get("monitoringBase"))),)


def _monitoring_level(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.MonitoringSet(level=integer(sent.get("severity"))),)


def _display_set(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.DisplaySet(display.display_message(mapping(sent.get("message")))),)


def _display_cleared(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    return (facts.DisplayCleared(sent["id"]),)


def _promise(report: str) -> Callable[[_Object, _Object], tuple[Fact, ...]]:
    """A report follows, or there is nothing to report."""

    def promised(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
        status = text(answer.get("status"))
        if status not in ("Accepted", *_EMPTY):
            return ()
        return (facts.ReportPromised(report, sent["requestId"], status in _EMPTY),)

    return promised


def _customer(sent: _Object, answer: _Object) -> tuple[Fact, ...]:
    """Only a call that asks for a report gets one (N09). Whom it forgets is told by the token (N10)."""
    token = mapping(sent.get("idToken"))
    forgets = None
    if sent.get("clear") and token:
        forgets = facts.CustomerForgotten(text(token.get("idToken")), text(token.get("type")))
    if sent.get("report"):
        return (facts.ReportPromised(CUSTOMER, sent["requestId"], forgets=forgets),)
    return () if forgets is None else (forgets,)


_EMPTY = frozenset({"EmptyResultSet", "NoProfiles", "Unknown", "NotFound"})
"""What a station answers that has nothing to report, each to its own call."""

_LESSONS: dict[str, Callable[[_Object, _Object], tuple[Fact, ...]]] = {
    "CancelReservation": _reservation_cancelled,
    "CertificateSigned": _station_certificate,
    "ClearChargingProfile": _profiles_cleared,
    "ClearDisplayMessage": _display_cleared,
    "ClearVariableMonitoring": _monitors_cleared,
    "CustomerInformation": _customer,
    "DeleteCertificate": _certificate_deleted,
    "GetBaseReport": _promise(CONFIGURATION),
    "GetChargingProfiles": _promise(PROFILES),
    "GetCompositeSchedule": _composite,
    "GetDERControl": _promise(DER),
    "GetDisplayMessages": _promise(DISPLAYS),
    "GetInstalledCertificateIds": _certificates_read,
    "GetLocalListVersion": _list_version,
    "GetLog": _log,
    "GetMonitoringReport": _promise(MONITORING),
    "GetReport": _promise(CONFIGURATION),
    "GetVariables": _variables_read,
    "InstallCertificate": _certificate_installed,
    "PublishFirmware": _publish,
    "ReserveNow": _reserved,
    "SendLocalList": _list_sent,
    "SetChargingProfile": _profile_set,
    "SetDisplayMessage": _display_set,
    "SetMonitoringBase": _monitoring_base,
    "SetMonitoringLevel": _monitoring_level,
    "SetVariableMonitoring": _monitors_set,
    "SetVariables": _variables_set,
    "UpdateFirmware": _firmware,
}

_ALSO_REFUSED = frozenset(
    {
        "ClearChargingProfile",
        "ClearVariableMonitoring",
        "GetBaseReport",
        "GetChargingProfiles",
        "GetDERControl",
        "GetDisplayMessages",
        "GetInstalledCertificateIds",
        "GetMonitoringReport",
        "GetReport",
    }
)
"""What teaches something although the answer is no acceptance: that there is nothing (any more)."""
