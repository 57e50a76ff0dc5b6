"""What drivers are told of, by which channel, and what holds for whoever has chosen nothing."""

from __future__ import annotations

from collections.abc import Mapping

CHARGING_COMPLETE, IDLE_FEE, FAULT, START_FAILED, RECEIPT, CASE_ANSWERED = KINDS = (
    "charging_complete",
    "idle_fee",
    "fault",
    "start_failed",
    "receipt",
    "case_answered",
)
EMAIL, PUSH = CHANNELS = ("email", "push")

DEFAULTS: Mapping[tuple[str, str], bool] = {
    (CHARGING_COMPLETE, EMAIL): False,
    (IDLE_FEE, EMAIL): True,
    (FAULT, EMAIL): True,
    (START_FAILED, EMAIL): False,
    (RECEIPT, EMAIL): True,
    (CASE_ANSWERED, EMAIL): True,
    **{(kind, PUSH): True for kind in KINDS},
}
"""A browser that was subscribed wants to be told; e-mail is for what costs money or waits for an answer."""

FIXED = frozenset({(RECEIPT, EMAIL)})
"""Not chosen here: the receipt's own letter, which goes out unless the driver's profile says otherwise."""

OF_PROFILE = frozenset({CHARGING_COMPLETE, START_FAILED})
"""Kinds that `notify.charging` of the profile asks for by e-mail, where nothing else was chosen."""

LASTS_S: Mapping[str, int] = {CHARGING_COMPLETE: 3600, IDLE_FEE: 1800, FAULT: 3600, START_FAILED: 900}
"""How long a push message is of use, seconds; any other kind a day."""

A_DAY_S = 86_400
