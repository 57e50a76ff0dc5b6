"""Who may do what: roles, the permission of every operation, and the check of a bearer token.

Default deny, twice: `Gate` lets nobody past without a valid login except to `OPEN_PATHS`, and `create_app` refuses to
start with an operation that has no line in `PERMISSION_OF`.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from api.ports import Registry, User
from engine.clock import SECOND, Clock
from engine.errors import Forbidden, NotFound, Unauthenticated

OPEN_PATHS = frozenset(
    {"/", "/healthz", "/readyz", "/docs", "/openapi.json", "/api/v1/login", "/pki/root.pem", "/pki/crl.pem"}
)
"""Addresses that answer without a login. `/` is only a shell: all that it shows comes over the API."""

FILES = "/files/"
"""Where stations fetch and bring files: an unguessable token in the address stands for a login."""

FIRMWARE_PATH = "/api/v1/firmware"


def shown(path: str) -> str:
    """A request's path as it may stand in a log: a link's token would open it to whoever reads there."""
    return f"{FILES}…" if path.startswith(FILES) else path


def is_open(path: str) -> bool:
    """Whether a request's path, or a route's, answers without a login."""
    return path in OPEN_PATHS or path.startswith(FILES)


def is_streamed(method: str, path: str) -> bool:
    """Whether the body is a file, which its route takes in piece by piece."""
    return path.startswith(FILES) or (method == "POST" and path == FIRMWARE_PATH)


PERMISSION_OF: Mapping[str, str] = {
    "getMe": "self:read",
    "listChargePoints": "charge-points:read",
    "getChargePoint": "charge-points:read",
    "getChargePointState": "charge-points:read",
    "getConfiguration": "charge-points:read",
    "getLocalList": "charge-points:read",
    "getInstalledCertificates": "charge-points:read",
    "getChargingProfiles": "charge-points:read",
    "getReservations": "charge-points:read",
    "getJobs": "charge-points:read",
    "getMonitors": "charge-points:read",
    "getDisplayMessages": "charge-points:read",
    "listReports": "charge-points:read",
    "listSecurityEvents": "charge-points:read",
    # A report may hold what a station knows of a customer.
    "getReport": "commands:read",
    "addChargePoint": "charge-points:write",
    "changeChargePoint": "charge-points:write",
    "retireChargePoint": "charge-points:write",
    "changeStationPassword": "charge-points:write",
    "listCertificates": "certificates:read",
    "listSigningRequests": "certificates:read",
    "revokeCertificate": "certificates:write",
    "listTokens": "tokens:read",
    "addToken": "tokens:write",
    "changeToken": "tokens:write",
    "listSessions": "sessions:read",
    "getSession": "sessions:read",
    "getMeterValues": "sessions:read",
    "sendCommand": "commands:send",
    "startCharging": "commands:send",
    "stopCharging": "commands:send",
    "resetChargePoint": "commands:send",
    "unlockConnector": "commands:send",
    "changeAvailability": "commands:send",
    "setConfiguration": "commands:send",
    "refreshConfiguration": "commands:send",
    "triggerMessage": "commands:send",
    "clearCache": "commands:send",
    "transferData": "commands:send",
    "reserve": "commands:send",
    "cancelReservation": "commands:send",
    "setChargingProfile": "commands:send",
    "clearChargingProfiles": "commands:send",
    "clearChargingProfile": "commands:send",
    "getCompositeSchedule": "commands:send",
    "updateFirmware": "commands:send",
    "requestLog": "commands:send",
    "sendLocalList": "commands:send",
    "refreshLocalListVersion": "commands:send",
    "requestCustomerInformation": "commands:send",
    "setDisplayMessage": "commands:send",
    "refreshDisplayMessages": "commands:send",
    "clearDisplayMessage": "commands:send",
    "clearMonitors": "commands:send",
    "makeCampaign": "campaigns:write",
    "pauseCampaign": "campaigns:write",
    "resumeCampaign": "campaigns:write",
    "cancelCampaign": "campaigns:write",
    "listCampaigns": "campaigns:read",
    "getCampaign": "campaigns:read",
    "listCampaignTargets": "campaigns:read",
    "listCommands": "commands:read",
    "getCommand": "commands:read",
    "listMessages": "messages:read",
    "listFirmware": "firmware:read",
    "getFirmware": "firmware:read",
    "addFirmware": "firmware:write",
    "changeFirmware": "firmware:write",
    "deleteFirmware": "firmware:write",
    "listChargePointFiles": "files:read",
    "getChargePointFile": "files:read",
    "deleteChargePointFile": "files:write",
    "listChargePointMessages": "messages:read",
    "followMessages": "messages:read",
    "listChargePointDeviations": "charge-points:read",
    "listDeviations": "charge-points:read",
    "listQuirks": "charge-points:read",
    "followEvents": "events:read",
    "listActors": "actors:read",
    "readMetrics": "metrics:read",
}
"""Operation id → permission. Operations of `OPEN_PATHS` are not in it."""

_READS = frozenset({"self:read", "charge-points:read", "sessions:read", "commands:read", "events:read"})
PERMISSIONS_OF_ROLE: Mapping[str, frozenset[str]] = {
    "admin": frozenset(PERMISSION_OF.values()),
    "operations": frozenset(PERMISSION_OF.values()),
    "support": _READS
    | {"tokens:read", "messages:read", "firmware:read", "files:read", "commands:send", "campaigns:read"},
    "analyst": frozenset({"self:read", "charge-points:read", "sessions:read"}),
    "metrics": frozenset({"metrics:read"}),
}
"""Role → its permissions. `metrics` is what the static token of the settings has, nobody's role."""

LOGIN_LASTS = timedelta(hours=8)
_ISSUER = "raycharge"
_ALGORITHM = "HS256"
_FRESH_US = 10 * SECOND
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request."""

    id: str
    email: str
    role: str

    @property
    def permissions(self) -> frozenset[str]:
        return PERMISSIONS_OF_ROLE.get(self.role, frozenset())

    def need(self, operation: str) -> None:
        """Raise Forbidden unless this operation is permitted. Asked before anything is looked up, so that the answer
        is the same for things that exist and things that do not."""
        permission = PERMISSION_OF.get(operation)
        if permission is None or permission not in self.permissions:
            raise Forbidden(
                f"Your role ({self.role}) does not have the permission that this needs.",
                remedy=f"Ask an administrator for {permission}." if permission else "",
            )


class Logins:
    """Gives out bearer tokens and checks them. A user who was switched off or changed is out within ten seconds."""

    def __init__(self, registry: Registry, key: bytes, clock: Clock, metrics_token: str = "") -> None:
        self._registry, self._key, self._clock = registry, key, clock
        self._metrics_token = metrics_token.encode()
        self._known: OrderedDict[str, tuple[int, User]] = OrderedDict()

    def issue(self, user: User) -> tuple[str, int]:
        """A bearer token for `user`, and when it ends in microseconds."""
        now = self._clock.now() // SECOND
        ends = now + int(LOGIN_LASTS.total_seconds())
        claims = {"iss": _ISSUER, "sub": user.id, "ver": user.version, "iat": now, "exp": ends}
        return jwt.encode(claims, self._key, _ALGORITHM), ends * SECOND

    async def check(self, authorization: str) -> Principal:
        """The principal of an Authorization header. Raises Unauthenticated, in the same words whatever is wrong."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _refused()
        if self._metrics_token and hmac.compare_digest(token.encode(), self._metrics_token):
            return Principal("metrics", "", "metrics")
        claims = self._claims(token)
        user = await self._user(str(claims["sub"]))
        if not user.active or user.version != claims["ver"]:
            raise _refused()
        return Principal(user.id, user.email, user.role)

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                [_ALGORITHM],
                issuer=_ISSUER,
                # The port's clock decides about the end, not PyJWT's.
                options={"require": ["sub", "ver", "exp", "iss"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError as error:
            raise _refused() from error
        if not isinstance(claims["exp"], int) or claims["exp"] * SECOND <= self._clock.now():
            raise _refused()
        return claims

    async def _user(self, user_id: str) -> User:
        now = self._clock.now()
        asked, user = self._known.get(user_id, (-_FRESH_US, None))
        if user is not None and now - asked < _FRESH_US:
            return user
        try:
            user = await self._registry.user(user_id)
        except NotFound as error:
            raise _refused() from error
        self._known[user_id] = (now, user)
        self._known.move_to_end(user_id)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return user


def _refused() -> Unauthenticated:
    return Unauthenticated(
        "This needs a valid login.",
        field="Authorization",
        remedy="POST /api/v1/login and send its access_token as: Authorization: Bearer …",
    )
