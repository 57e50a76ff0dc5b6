"""What is known of a session, its connector and its charger at one moment: what a diagnosis follows from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

ERROR, WARNING, INFO, OK = SEVERITIES = ("error", "warning", "info", "ok")
"""Something is broken; somebody should act; worth knowing; all is well."""

RESET, UNLOCK, STOP, START, CALL_SITE, MAINTAIN, FINANCE, DRIVER, NOTHING = ACTIONS = (
    *("reset", "unlock", "stop", "start"),
    *("call_site", "maintain", "finance", "driver", ""),
)
"""What would help: a command, somebody at the site, a maintenance job, finance, or what the driver can do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One command to the charger: its OCPP action and how it ended ("" while it has not). `at` in microseconds."""

    action: str
    outcome: str
    at: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Times in microseconds, energy in Wh, power in W; None and "" where it is not known.

    `link` and `registration` are the charger's, `status`, `error` and `vendor_error` the connector's now. `metered` is
    when the newest meter value came. `findings` are (name, text) of finance's open questions. `blocked` is the
    maintenance job that keeps the connector from drivers.
    """

    now: int
    link: str = ""
    link_since: int | None = None
    registration: str = ""
    status: str = ""
    error: str = ""
    vendor_error: str = ""
    state: str = ""
    started: int | None = None
    stopped: int | None = None
    settled: bool = False
    reason: str = ""
    authorisation: str = ""
    energy_wh: Decimal | None = None
    power_w: Decimal | None = None
    metered: int | None = None
    doubts: tuple[str, ...] = ()
    findings: tuple[tuple[str, str], ...] = ()
    receipt: str = ""
    priced: bool = False
    commands: tuple[Asked, ...] = ()
    blocked: str = ""

    @property
    def running(self) -> bool:
        return self.stopped is None

    @property
    def connected(self) -> bool:
        return self.link == "connected"


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is its stable name; `text` what is seen and `advice` what to do, with `values` in braces.

    The texts are for translation as they stand: whoever shows them fills in the values.
    """

    code: str
    severity: str
    text: str
    advice: str = ""
    action: str = NOTHING
    values: tuple[tuple[str, str], ...] = ()

    def said(self) -> str:
        """The text with its values, in English."""
        return self.text.format(**dict(self.values))
