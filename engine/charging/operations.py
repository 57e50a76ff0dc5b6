"""What operators ask of a station, in words that no OCPP version has to itself.

`OcppVersion.compose` makes an action and a payload of an operation, or says why its version cannot do it. Times are
microseconds since the Unix epoch. `evse` 0 is the whole station or, where one is to be chosen, any; `connector` 0 is
the whole EVSE. A `number` is what the station and we will call the thing by (remoteStartId, requestId, reservationId,
chargingProfileId …): whoever asks makes a fresh one, no version can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from engine.charging.smart.profiles import ChargingProfile

Json = Any


@dataclass(frozen=True, slots=True)
class IdToken:
    """A driver's token. `kind` in 2.x's words (Central, ISO14443, eMAID …); 1.6 has no kinds."""

    text: str
    kind: str = "Central"


@dataclass(frozen=True, slots=True)
class StartCharging:
    kind: ClassVar[str] = "start"
    number: int
    id_token: IdToken
    evse: int = 0
    group: IdToken | None = None
    profile: ChargingProfile | None = None


@dataclass(frozen=True, slots=True)
class StopCharging:
    """`transaction` is the station's own id of it."""

    kind: ClassVar[str] = "stop"
    transaction: str


@dataclass(frozen=True, slots=True)
class ShowCost:
    """What a running transaction has cost so far. `transaction` is the station's own id of it."""

    kind: ClassVar[str] = "show_cost"
    transaction: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Reset:
    """`immediate` interrupts sessions (1.6: Hard); else the station waits for their end or stops them in order."""

    kind: ClassVar[str] = "reset"
    immediate: bool = False
    evse: int = 0


@dataclass(frozen=True, slots=True)
class Unlock:
    kind: ClassVar[str] = "unlock"
    evse: int
    connector: int = 1


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    kind: ClassVar[str] = "availability"
    operative: bool
    evse: int = 0
    connector: int = 0


@dataclass(frozen=True, slots=True)
class SettingName:
    """A configuration key, or a component's variable. Standard ones have both names and may be given by either."""

    key: str = ""
    component: str = ""
    variable: str = ""
    component_instance: str = ""
    variable_instance: str = ""
    evse: int = 0
    connector: int = 0


@dataclass(frozen=True, slots=True)
class SetConfiguration:
    """`attribute`: Actual, Target, MinSet or MaxSet; 1.6 has Actual only."""

    kind: ClassVar[str] = "set_configuration"
    name: SettingName
    value: str
    attribute: str = "Actual"


@dataclass(frozen=True, slots=True)
class SetPassword:
    """A new password for HTTP basic authentication. `text` is "" where it was given as bytes (1.6's AuthorizationKey).

    Neither shows in a representation: those end up in logs.
    """

    kind: ClassVar[str] = "set_password"
    secret: bytes = field(repr=False)
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SendCertificate:
    """What an authority signed at the station's request. `chain` is PEM, `purpose` in 2.x's words.

    `request` is the station's own number of its request, where its version has one (2.1).
    """

    kind: ClassVar[str] = "send_certificate"
    chain: str
    purpose: str = "ChargingStationCertificate"
    request: int | None = None


@dataclass(frozen=True, slots=True)
class GetConfiguration:
    """All that there is if `names` is empty (2.x answers that with reports under `number`)."""

    kind: ClassVar[str] = "get_configuration"
    number: int
    names: tuple[SettingName, ...] = ()


TRIGGERS = (
    "boot",
    "heartbeat",
    "status",
    "meter_values",
    "transaction",
    "firmware_status",
    "publish_firmware_status",
    "log_status",
    "diagnostics_status",
    "sign_certificate",
    "sign_v2g_certificate",
    "sign_combined_certificate",
)
"""What a station can be asked to send."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """`message` is one of `TRIGGERS`."""

    kind: ClassVar[str] = "trigger"
    message: str
    evse: int = 0
    connector: int = 0


@dataclass(frozen=True, slots=True)
class Reserve:
    """`connector_type` in 2.x's words, "" for any."""

    kind: ClassVar[str] = "reserve"
    number: int
    id_token: IdToken
    expires: int
    evse: int = 0
    group: IdToken | None = None
    connector_type: str = ""


@dataclass(frozen=True, slots=True)
class CancelReservation:
    kind: ClassVar[str] = "cancel_reservation"
    number: int


@dataclass(frozen=True, slots=True)
class SetChargingProfile:
    kind: ClassVar[str] = "set_charging_profile"
    profile: ChargingProfile
    evse: int = 0


@dataclass(frozen=True, slots=True)
class ClearChargingProfile:
    """The one that `number` names, else all that fit what is given; None is anything."""

    kind: ClassVar[str] = "clear_charging_profile"
    number: int | None = None
    evse: int | None = None
    purpose: str | None = None
    stack_level: int | None = None


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule:
    """`unit`: W or A, "" where the station may choose."""

    kind: ClassVar[str] = "get_composite_schedule"
    duration_s: int
    evse: int = 0
    unit: str = ""


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """Signed if `certificate` and `signature` are given. `install_at` None: as soon as it is there."""

    kind: ClassVar[str] = "update_firmware"
    number: int
    location: str
    retrieve_at: int
    install_at: int | None = None
    certificate: str = ""
    signature: str = ""
    retries: int | None = None
    retry_interval_s: int | None = None


@dataclass(frozen=True, slots=True)
class GetLog:
    """`log`: diagnostics or security."""

    kind: ClassVar[str] = "get_log"
    number: int
    location: str
    log: str = "diagnostics"
    oldest: int | None = None
    latest: int | None = None
    retries: int | None = None
    retry_interval_s: int | None = None


@dataclass(frozen=True, slots=True)
class ListedToken:
    """`status` None takes the token out of the list."""

    id_token: IdToken
    status: str | None = "Accepted"
    expires: int | None = None
    group: IdToken | None = None


@dataclass(frozen=True, slots=True)
class SendLocalList:
    """`full` replaces the station's list, else it is amended. `version` has to be above the one that is there."""

    kind: ClassVar[str] = "send_local_list"
    version: int
    tokens: tuple[ListedToken, ...]
    full: bool = True


@dataclass(frozen=True, slots=True)
class GetLocalListVersion:
    kind: ClassVar[str] = "get_local_list_version"


@dataclass(frozen=True, slots=True)
class ClearCache:
    kind: ClassVar[str] = "clear_cache"


@dataclass(frozen=True, slots=True)
class TransferData:
    kind: ClassVar[str] = "transfer_data"
    vendor: str
    message: str = ""
    data: Json = None


@dataclass(frozen=True, slots=True)
class RequestCustomerInformation:
    """What the station keeps about one customer: `report` has it told, `clear` has it deleted."""

    kind: ClassVar[str] = "customer_information"
    number: int
    report: bool = True
    clear: bool = False
    id_token: IdToken | None = None
    customer: str = ""
    certificate: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ClearMonitors:
    """The monitors with these numbers, which the station gave them: no more than it takes in one message."""

    kind: ClassVar[str] = "clear_monitors"
    monitors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetDisplayMessage:
    """`priority`, `state` and `format` in 2.x's words; `state` "" shows it in every state."""

    kind: ClassVar[str] = "set_display_message"
    number: int
    content: str
    priority: str = "NormalCycle"
    format: str = "UTF8"
    language: str = ""
    state: str = ""
    start: int | None = None
    end: int | None = None
    transaction: str = ""


@dataclass(frozen=True, slots=True)
class ClearDisplayMessage:
    kind: ClassVar[str] = "clear_display_message"
    number: int


@dataclass(frozen=True, slots=True)
class GetDisplayMessages:
    """Those that `messages` names, all if it is empty."""

    kind: ClassVar[str] = "get_display_messages"
    number: int
    messages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RawCall:
    """An OCPP action in some version's own words; a station of another version refuses it."""

    kind: ClassVar[str] = "call"
    action: str
    payload: Mapping[str, Json]


Operation = (
    RawCall
    | StartCharging
    | StopCharging
    | ShowCost
    | Reset
    | Unlock
    | ChangeAvailability
    | SetConfiguration
    | SetPassword
    | SendCertificate
    | GetConfiguration
    | Trigger
    | Reserve
    | CancelReservation
    | SetChargingProfile
    | ClearChargingProfile
    | GetCompositeSchedule
    | UpdateFirmware
    | GetLog
    | SendLocalList
    | GetLocalListVersion
    | ClearCache
    | TransferData
    | RequestCustomerInformation
    | ClearMonitors
    | SetDisplayMessage
    | ClearDisplayMessage
    | GetDisplayMessages
)
