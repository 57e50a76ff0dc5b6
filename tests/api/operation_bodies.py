"""A body for each of the typed operations."""

from __future__ import annotations

from typing import Any

TOKEN = {"id_token": "TAG"}
SCHEDULE = {"unit": "A", "periods": [{"start_s": 0, "limit": "16.0"}]}
OPERATION_BODIES: dict[str, Any] = {
    "startCharging": {"token": TOKEN, "evse": 1},
    "stopCharging": {"transaction": "17"},
    "resetChargePoint": {"immediate": True},
    "unlockConnector": {"evse": 1},
    "changeAvailability": {"operative": False},
    "setConfiguration": {"name": {"key": "HeartbeatInterval"}, "value": "60"},
    "refreshConfiguration": {},
    "triggerMessage": {"message": "status"},
    "transferData": {"vendor": "V", "data": {"a": 1}},
    "reserve": {"token": TOKEN, "evse": 1, "expires_at": "2027-01-01T00:00:00Z"},
    "setChargingProfile": {"evse": 1, "profile": {"schedules": [SCHEDULE]}},
    "getCompositeSchedule": {"evse": 1, "duration_s": 600},
    "updateFirmware": {"location": "https://files.example/v2.bin"},
    "requestLog": {"location": "https://files.example/up/", "log": "security"},
    "sendLocalList": {},
    "requestCustomerInformation": {"token": TOKEN},
    "setDisplayMessage": {"content": "Out of order"},
    "refreshDisplayMessages": {},
}
NEWER = {
    "requestCustomerInformation",
    "setDisplayMessage",
    "refreshDisplayMessages",
    "clearDisplayMessage",
    "clearMonitors",
}
"""Those that a 1.6 station cannot do."""
