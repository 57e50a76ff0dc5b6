"""Believable data for the pages: networks, stations, charge points in every state, and somebody of each role."""

from __future__ import annotations

import random
from typing import Any

from engine.clock import SECOND

NETWORKS = {
    "north": ("Nordlicht Laden", "EUR", "Europe/Berlin", "DE"),
    "bay": ("Bayside Charging", "INR", "Asia/Kolkata", "IN"),
}
"""Id: name, currency, time zone, country."""
STATIONS: dict[str, tuple[str, str, str, float, float]] = {
    "hafen": ("north", "Hafencity Garage", "Hamburg", 53.5413, 9.9987),
    "altona": ("north", "Altona Bahnhof", "Hamburg", 53.5523, 9.9352),
    "messe": ("north", "Messe Süd", "Berlin", 52.4989, 13.2709),
    "airport": ("bay", "Airport Road Services", "Bengaluru", 13.1782, 77.6345),
    "mall": ("bay", "City Mall", "Bengaluru", 12.9719, 77.6411),
}
"""Id: network, name, city, latitude, longitude."""
MAKES = (
    ("ABB", "Terra 184", "1.8.21"),
    ("Alpitronic", "HYC300", "3.4.1"),
    ("Keba", "P30 x", "1.15.0"),
    ("Wallbox", "Supernova", "2.6.0"),
)
CONNECTOR = {
    "type": "IEC_62196_T2_COMBO",
    "format": "CABLE",
    "power_type": "DC",
    "max_voltage_v": 920,
    "max_amperage_a": 250,
    "max_power_w": 150_000,
}
STATUSES = (
    *("Available", "Charging", "Available", "Preparing", "Charging", "SuspendedEV", "Available", "Charging"),
    *("SuspendedEVSE", "Finishing", "Reserved", "Unavailable", "Faulted", "Available", "Charging"),
)
BUSY = ("Charging", "SuspendedEV", "SuspendedEVSE", "Finishing")
LINKS = (*("connected",) * 11, "offline", "connected", "connected", "reconnecting")
ROLES = ("admin", "operations", "support", "finance", "analyst", "partner")


def charge_points(count: int) -> list[tuple[str, str]]:
    """(charge point, station), spread over the stations."""
    stations = list(STATIONS)
    return [(f"{stations[n % len(stations)].upper()}-{n:02d}", stations[n % len(stations)]) for n in range(count)]


def view(number: int, charge_point: str, now: int) -> dict[str, Any]:
    """A live view in the form of engine/charging/view.py. Times in microseconds."""
    vendor, model, firmware = MAKES[number % len(MAKES)]
    chance = random.Random(number)
    boot = {"at": now - 86_400 * SECOND, "vendor": vendor, "model": model, "serial": f"SN{number:05d}"}
    boot |= dict.fromkeys(("iccid", "imsi", "meter_type", "meter_serial", "reason"), "")
    return {
        "id": charge_point,
        "link": LINKS[number % len(LINKS)],
        "link_since": now - chance.randrange(60, 90_000) * SECOND,
        "subprotocol": ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")[number % 3],
        "remote": f"203.0.113.{number % 250}",
        "registration": "accepted",
        "last_seen": now - chance.randrange(1, 50) * SECOND,
        "boot": boot | {"firmware": firmware},
        "clock_drift_s": round(chance.uniform(-2, 2), 1),
        "deviations": {"missing_seconds": chance.randrange(1, 40)} if number % 5 == 0 else {},
        "quirks": ["no_milliseconds"] if number % 7 == 0 else [],
        "connectors": [_connector(number + each, charge_point, each, now, chance) for each in (1, 2)],
        "commands": [],
    }


def _connector(number: int, charge_point: str, connector: int, now: int, chance: random.Random) -> dict[str, Any]:
    status = STATUSES[number % len(STATUSES)]
    power = str(chance.randrange(9_000, 148_000)) if status == "Charging" else None
    return {
        "evse": connector,
        "connector": 1,
        "status": status,
        "error": "GroundFailure" if status == "Faulted" else "NoError",
        "info": "",
        "since": now - chance.randrange(30, 7200) * SECOND,
        "power_w": power,
        "session": _session(number, charge_point, connector, power, now) if status in BUSY else None,
    }


def _session(number: int, charge_point: str, connector: int, power: str | None, now: int) -> dict[str, Any]:
    chance = random.Random(number)
    energy = chance.randrange(800, 42_000)
    return {
        "id": f"s-{charge_point}-{connector}",
        "state": "metered",
        "transaction": str(1000 + number),
        "id_token": f"TAG-{number:03d}",
        "authorisation": "Accepted",
        "command": "",
        "started": now - chance.randrange(300, 5400) * SECOND,
        "energy_wh": str(energy),
        "power_w": power or "0",
        "metered": now - 5 * SECOND,
        "doubts": [],
        "tariff": None,
        "currency": "EUR",
        "cost": f"{energy * 0.00049:.2f}",
    }
