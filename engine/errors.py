"""All errors that Raycharge raises on purpose, in one tree, split by blame.

    RaychargeError
    ├── InvalidInput            the caller's: names the field and the remedy
    │   ├── NotFound
    │   │   └── Gone
    │   ├── Conflict
    │   │   └── Changed
    │   ├── TooLarge
    │   ├── Unauthenticated
    │   └── Forbidden
    ├── ProtocolError           the station's: becomes a CALLERROR (engine/ocpp/errors.py maps the code's spelling)
    ├── Unavailable             ours, and passing: try again (retriable)
    │   ├── JournalUnavailable
    │   ├── StoreUnavailable
    │   └── ProviderAway
    ├── IllegalTransition       ours: a machine was led where its table has no arrow; raised only in strict mode (tests)
    ├── StaleEpoch              ours: another activation has taken over; stop at once
    └── ConfigurationError      the operator's: a setting or a store that cannot be used, with what to do

`api/web/problems.py` holds the one table from error type to HTTP status.
"""

from __future__ import annotations


class RaychargeError(Exception):
    """The root. `retriable` tells whether the same call may succeed later without any change."""

    retriable = False


class InvalidInput(RaychargeError):
    """What the caller gave cannot be used. `field` is its path, `remedy` what would be accepted."""

    def __init__(self, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message, self.field, self.remedy = message, field, remedy


class NotFound(InvalidInput):
    """There is no such thing, or the caller may not know of it."""


class Gone(NotFound):
    """It was there, and its time is over."""


class TooLarge(InvalidInput):
    """More bytes than are taken."""


class Conflict(InvalidInput):
    """It is there already, or has changed meanwhile."""


class Changed(Conflict):
    """Somebody else has changed it since the caller last looked."""

    def __init__(self) -> None:
        super().__init__(
            "It has been changed meanwhile.", field="If-Match", remedy="Read it again and decide on what is there now."
        )


class Unauthenticated(InvalidInput):
    """No valid login."""


class Forbidden(InvalidInput):
    """A valid login without the permission."""


class ProtocolError(RaychargeError):
    """A frame that cannot be understood. `code` is neutral (2.x spelling), `message_id` None if none was readable."""

    def __init__(self, code: str, description: str, *, message_id: str | None = None) -> None:
        super().__init__(f"{code}: {description}")
        self.code, self.description, self.message_id = code, description, message_id


class Unavailable(RaychargeError):
    """Something of ours does not answer at the moment."""

    retriable = True


class JournalUnavailable(Unavailable):
    """The journal cannot be reached or does not accept writes."""


class StoreUnavailable(Unavailable):
    """SQL or ClickHouse cannot be reached."""


class ProviderAway(Unavailable):
    """The payment provider does not answer, or says that it cannot at the moment."""


class StaleEpoch(RaychargeError):
    """A newer activation of the same charge point is in force."""


class IllegalTransition(RaychargeError):
    """A machine's table has no arrow for this. In production it is recorded as a deviation and survived."""


class ConfigurationError(RaychargeError):
    """A setting or store that Raycharge refuses to run with. The text says what to do."""
