"""How a simulated station says what happens to it: the part of it that belongs to one version of OCPP.

`Station` lives the same life in every version and asks its speech for the CALLs that tell of it, and for the answers to
the CSMS's. `speech_of` makes the speech of a subprotocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from loadtest.connector import Connector
from loadtest.outbox import Call, Transaction

if TYPE_CHECKING:
    from loadtest.station import Station

After = Callable[[int], None]
Answer = tuple[dict[str, Any], After | None]
"""An answer's payload, and what happens after it has left."""

VERSIONS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")


class Refusal(Exception):
    """The call is answered with a CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


class Speech(ABC):
    """One station's way to say things. What a version has no message for is said by no CALL."""

    boots_after_reconnect: ClassVar[bool]
    """Whether a reconnect without a reboot begins with BootNotification."""

    def __init__(self, station: Station) -> None:
        self.station = station

    # --- the connection ---------------------------------------------------------------------------------------------

    @abstractmethod
    def boot(self) -> Call:
        """BootNotification."""

    @abstractmethod
    def reconnected(self, now: int) -> None:
        """The line is back, and no boot is due."""

    @abstractmethod
    def status(self, connector: Connector, now: int, *, repeat: bool = False) -> Call | None:
        """The connector's status; None if it was told before, unless `repeat`."""

    # --- transactions -----------------------------------------------------------------------------------------------

    @abstractmethod
    def authorize(self, connector: Connector, id_tag: str) -> Call:
        """May this card charge?"""

    @abstractmethod
    def standing(self, answer: dict[str, Any]) -> str:
        """The card's status in an answer; Accepted where the CSMS said nothing about it."""

    @abstractmethod
    def offline_accepts(self, id_tag: str) -> bool:
        """Whether a card may charge when nobody can be asked."""

    @abstractmethod
    def plugged_in(self, connector: Connector, now: int) -> None:
        """The cable is in."""

    @abstractmethod
    def started(self, connector: Connector, id_tag: str, now: int) -> tuple[Transaction, Call]:
        """A transaction begins: it, and the CALL that tells so."""

    @abstractmethod
    def learn(self, transaction: Transaction, answer: dict[str, Any]) -> None:
        """What the answer to that CALL tells."""

    @abstractmethod
    def changed(self, connector: Connector, now: int) -> Call | None:
        """The connector's charging state may have changed."""

    @abstractmethod
    def meters(self, connector: Connector, transaction: Transaction | None, context: str, now: int) -> Call:
        """A reading. `context` is OCPP's ReadingContext."""

    @abstractmethod
    def stopped(self, connector: Connector, transaction: Transaction, reason: str, now: int) -> Call:
        """The charging ends, for one of 1.6's reasons."""

    def stopped_again(self, connector: Connector, transaction: Transaction, reason: str, now: int) -> Call | None:
        """The same once more, of a station that stops twice; None if the version has no such thing."""
        return None

    @abstractmethod
    def unplugged(self, connector: Connector, now: int) -> None:
        """The cable is out."""

    # --- the CSMS asks ----------------------------------------------------------------------------------------------

    @abstractmethod
    def command(self, action: str, payload: object) -> Answer:
        """The answer to a CALL. Raises Refusal."""

    def resetting(self, now: int) -> None:
        """The station will restart; what charged has been stopped."""
        return


def speech_of(version: str, station: Station) -> Speech:
    """The speech of a subprotocol. Raises ValueError naming what there is."""
    from loadtest.v2.speech import Speech2
    from loadtest.v16.speech import Speech16

    if version == "ocpp1.6":
        return Speech16(station)
    if version in VERSIONS:
        return Speech2(station, version)
    raise ValueError(f"There is no version {version!r}; there are: {', '.join(VERSIONS)}.")
