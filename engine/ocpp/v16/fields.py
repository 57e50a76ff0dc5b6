"""Fields that several 1.6 messages share."""

from __future__ import annotations


def connector_on(evse: int) -> int:
    """1.6's connector n is EVSE n's connector 1; 0 is the whole station."""
    return 1 if evse else 0
