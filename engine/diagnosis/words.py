"""Error codes and reasons of stopping in plain words, with what helps.

OCPP 1.6's ChargePointErrorCode (6.9) and Reason (7.38), and 2.x's ReasonEnumType, which has the same words and more.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.diagnosis.picture import CALL_SITE, DRIVER, FINANCE, INFO, MAINTAIN, NOTHING, RESET, START, UNLOCK, WARNING

ERRORS: Mapping[str, tuple[str, str, str]] = {
    "ConnectorLockFailure": (
        "The plug cannot be locked or unlocked.",
        "Ask the driver to push the plug in firmly; then unlock the connector.",
        UNLOCK,
    ),
    "EVCommunicationError": (
        "Charger and car do not understand each other.",
        "Ask the driver to unplug, wait for ten seconds, and plug in again.",
        DRIVER,
    ),
    "GroundFailure": (
        "The charger has found an earth fault.",
        "Nobody should touch the cable. Do not restart it from afar: send a technician.",
        MAINTAIN,
    ),
    "HighTemperature": (
        "The charger is too hot.",
        "It goes on by itself when it has cooled down. If it comes again, send a technician.",
        MAINTAIN,
    ),
    "InternalError": ("The charger reports an error inside of itself.", "Reset the charger.", RESET),
    "LocalListConflict": (
        "The charger's own list of tokens contradicts ours.",
        "Send the local list anew.",
        NOTHING,
    ),
    "OverCurrentFailure": (
        "More current flowed than may flow.",
        "Ask the driver to try another connector, and send a technician.",
        MAINTAIN,
    ),
    "OverVoltage": ("The voltage is too high.", "It is the grid's or the site's: call the site.", CALL_SITE),
    "PowerMeterFailure": (
        "The charger cannot read its meter.",
        "Reset the charger; if it comes again, send a technician.",
        RESET,
    ),
    "PowerSwitchFailure": ("The power switch does not work.", "Send a technician.", MAINTAIN),
    "ReaderFailure": (
        "The card reader does not work.",
        "Start charging from here or by the driver's app; send a technician for the reader.",
        START,
    ),
    "ResetFailure": ("The charger could not be reset.", "Somebody at the site has to switch it off and on.", CALL_SITE),
    "UnderVoltage": ("The voltage is too low.", "It is the grid's or the site's: call the site.", CALL_SITE),
    "WeakSignal": ("The charger's mobile network is weak.", "It goes on, but messages may come late.", NOTHING),
    "OtherError": ("The charger reports an error of its maker's own.", "Reset the charger.", RESET),
}
"""ChargePointErrorCode → what it means, what to do, and which action that is."""

REASONS: Mapping[str, tuple[str, str, str, str]] = {
    "": ("The charger did not say why it stopped.", "", INFO, NOTHING),
    "Local": ("The driver stopped it at the charger.", "", INFO, NOTHING),
    "Remote": ("It was stopped from here or by the driver's app.", "", INFO, NOTHING),
    "EVDisconnected": ("The cable was pulled.", "", INFO, NOTHING),
    "StoppedByEV": ("The car stopped it.", "", INFO, NOTHING),
    "SOCLimitReached": ("The battery is as full as the car wants it.", "", INFO, NOTHING),
    "EnergyLimitReached": ("The energy that was asked for has been charged.", "", INFO, NOTHING),
    "TimeLimitReached": ("The time that was asked for is over.", "", INFO, NOTHING),
    "LocalOutOfCredit": ("The driver's credit was used up.", "Look at what the driver owes.", INFO, FINANCE),
    "MasterPass": ("Somebody with a master card stopped it.", "", INFO, NOTHING),
    "UnlockCommand": ("The connector was unlocked from here.", "", INFO, NOTHING),
    "DeAuthorized": (
        "The driver's token was refused.",
        "Look at the token: it may be blocked or expired.",
        WARNING,
        DRIVER,
    ),
    "EmergencyStop": (
        "Somebody pressed the emergency stop.",
        "Call the site before anything is started again.",
        WARNING,
        CALL_SITE,
    ),
    "PowerLoss": ("The charger lost its power.", "Start charging again once it is back.", WARNING, START),
    "PowerQuality": ("The grid's power was not good enough.", "Try again later, or call the site.", WARNING, CALL_SITE),
    "GroundFault": (
        "The charger has found an earth fault.",
        "Nobody should touch the cable. Send a technician.",
        WARNING,
        MAINTAIN,
    ),
    "OvercurrentFault": ("More current flowed than may flow.", "Send a technician.", WARNING, MAINTAIN),
    "Reboot": ("The charger restarted by itself.", "Start charging again.", WARNING, START),
    "ImmediateReset": ("The charger was reset at once.", "Start charging again.", WARNING, START),
    "HardReset": ("The charger was reset hard.", "Start charging again.", WARNING, START),
    "SoftReset": ("The charger was reset.", "Start charging again.", WARNING, START),
    "Timeout": ("The cable was not plugged in in time.", "Start charging again.", WARNING, START),
    "Other": ("The charger stopped it for a reason of its own.", "Start charging again.", WARNING, START),
}
"""Reason → what happened, what to do, how serious it is, and which action helps."""

DOUBTS: Mapping[str, str] = {
    "meter_backwards": "The meter ran backwards.",
    "unit_scale": "The meter seems to have spoken of Wh where it meant kWh, or the reverse.",
    "clock_nonsense": "The charger's clock made no sense.",
    "no_stop": "The charger never said that the session ended.",
    "late_stop": "The end was told late, after the charger had been offline.",
    "unknown_transaction": "The end named a transaction that nobody knows.",
    "stop_before_start": "The end was told before the beginning.",
    "missing_start": "The beginning was never told.",
    "missing_events": "Some of the session's messages are missing.",
    "no_begin": "There is no meter value of the beginning.",
    "no_release": "Nobody said that the car had left.",
}
"""A session's doubts in plain words."""

STANDINGS: Mapping[str, str] = {
    "Blocked": "The token is blocked.",
    "Expired": "The token has expired.",
    "Invalid": "The token is not known here.",
    "ConcurrentTx": "The token charges somewhere else already.",
    "NoCredit": "The driver's credit is used up.",
    "NotAllowedTypeEVSE": "The token may not charge at this connector.",
    "NotAtThisLocation": "The token may not charge at this station.",
    "NotAtThisTime": "The token may not charge at this time.",
    "Unknown": "The token is not known here.",
}
"""How a token stands, where it is not accepted."""
