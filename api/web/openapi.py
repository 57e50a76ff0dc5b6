"""Completes the OpenAPI document: the error answers that every operation can give, and how one logs in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from api.access.permissions import PERMISSION_OF, is_open, is_streamed
from api.schemas.resources import Problem
from api.web.idempotency import HEADER, REPLAYED
from api.web.problems import MEDIA_TYPE
from api.web.rates import UNLIMITED

DESCRIPTION = """\
The façade of Raycharge. Times are RFC 3339 in UTC with milliseconds; energies are decimal text in Wh, exact. Log in
with `POST /api/v1/login` and send the token as `Authorization: Bearer …`. Errors are problem details (RFC 9457):
`field` names what is wrong, `remedy` what would be accepted. Lists are paged with `limit` and `cursor`, and ordered by
`sort`. `ETag` and `If-Match` keep changes from being lost; a POST with an `Idempotency-Key` is carried out once however
often it is sent. `RateLimit` tells how many requests are left.
"""

_ALWAYS = {"500": "An unforeseen error; `correlation` finds it in the log."}
_GUARDED = {
    "401": "No valid login.",
    "403": "The role lacks the permission.",
    "503": "A store, the journal or a host does not answer. Try again after Retry-After seconds.",
}
_TAGGED = {"412": "It has been changed since the version that If-Match names."}
_NAMED = {"404": "There is no such thing, or nothing that the request names."}
_LIMITED = {"429": "Too many requests; see Retry-After."}
_KEYED = {
    "409": "It conflicts with what is there, or a request with this idempotency key is under way or was broken off.",
    "422": "The request cannot be used: `field` and `remedy` tell why. Also for a key that was used with another body.",
}
_PARAMETERS = {"422": "The request cannot be used: `field` and `remedy` tell why."}
_BODY = {"400": "The body is no JSON.", "413": "The body is too large.", "415": "The body is not sent as JSON."}
_CHANGED = {"412": "It has been changed meanwhile: the ETag is of an older version."}
_TRIES = {"429": "Too many tries; see Retry-After."}
_AWAY = {"503": "A store does not answer, or too many passwords are checked at the moment."}
_CODE = {"410": "The code is wrong, was used, or has expired."} | _TRIES | _AWAY
_LAST = "Nobody would be left who administers the installation, or the address is taken."
_PEOPLE: dict[str, dict[str, str]] = {
    "logout": {"404": "An API key is no login."},
    "signUp": {"404": "There is no such network."} | _TRIES | _AWAY,
    "confirmSignUp": {"401": "The account is no more."} | _CODE,
    "askForPassword": _TRIES | _AWAY,
    "resetPassword": _CODE,
    "acceptInvitation": _CODE,
    "changeMyPassword": {"404": "The account is no more."} | _TRIES,
    "enrolSecondFactor": {"404": "The account is no more.", "409": "There is a second factor in force."} | _TRIES,
    "confirmSecondFactor": {"404": "There is nothing to confirm.", "409": "It is in force already."} | _TRIES,
    "showSecondFactor": {"404": "There is no second factor."} | _TRIES,
    "startOidcLogin": {"404": "There is no OpenID provider."} | _TRIES | _AWAY,
    "finishOidcLogin": {
        "401": "The provider logged nobody in, or its answer cannot be trusted.",
        "403": "Nobody here is known by this login.",
        "404": "There is no OpenID provider.",
        "409": "The address has an account that is not linked.",
        "410": "This login was not begun here, or is over.",
    }
    | _TRIES
    | _AWAY,
    "renewRecoveryCodes": {"404": "There is no second factor."} | _TRIES,
    "giveUpSecondFactor": {"404": "There is no second factor."} | _TRIES,
    "addUser": {"404": "There is no such role or network.", "409": "The address is taken."},
    "changeUser": {"409": _LAST} | _CHANGED,
    "deleteUser": {"409": _LAST} | _CHANGED,
    "inviteUser": {"409": "The account has a password."},
    "grantRole": {"409": "The account has this role there."},
    "withdrawRole": {"409": _LAST},
    "addRole": {"404": "There is no such network."},
    "changeRole": _CHANGED,
    "deleteRole": {"409": "Somebody has this role."} | _CHANGED,
    "setLoginPolicy": _CHANGED,
    "addApiKey": {"409": "There are too many keys."},
    "revokeApiKey": _CHANGED,
}
_OPENLY = {"429": "Too many requests from this address; see Retry-After.", "503": "A store or host does not answer."}
_UNPAID = {"409": "No payments are taken at the moment."}
_PAYING: dict[str, dict[str, str]] = {
    "takePaymentWebhook": {
        "401": "Not the provider's, or too old.",
        "404": "No payments are taken.",
        "503": "A store does not answer.",
    },
    "readQrCode": _OPENLY,
    "beginAdHoc": _UNPAID | _OPENLY,
    "followAdHoc": _OPENLY,
    "endAdHoc": _OPENLY,
    "readAdHocReceipt": _OPENLY,
    "beginCharging": {"404": "There is no such connector for you."} | _UNPAID,
    "refundPayment": _CHANGED,
    "resolveOpenItem": {"409": "It is resolved already."} | _CHANGED,
    "setPaymentPolicy": _CHANGED,
}
_DESKS: dict[str, dict[str, str]] = {
    "addMyView": {"409": "You have a view of this name, or too many."},
    "changeMyView": {"409": "You have a view of this name."} | _CHANGED,
    "deleteMyView": _CHANGED,
}
_OF_DRIVERS = ("listMyCases", "getMyNotifications", "changeMyNotifications", "listMyPushSubscriptions")
_CARE: dict[str, dict[str, str]] = {
    **{name: {"404": "Whoever asks is no driver."} for name in _OF_DRIVERS},
    "openMyCase": {"404": "No such session or place for you.", "409": "Too many cases are open."} | _TRIES,
    "writeInMyCase": {"409": "The case has as many messages as it may have."} | _TRIES,
    "addMyPushSubscription": {"404": "Whoever asks is no driver.", "409": "There are too many browsers."},
    "openAdHocCase": _OPENLY,
    "confirmAdHocCase": _OPENLY,
    "readAdHocCasePage": _OPENLY,
    "getAdHocCase": _OPENLY,
    "writeInAdHocCase": {"409": "The case has as many messages as it may have."} | _OPENLY,
    "openCase": {"404": "There is no such session, charge point or driver for you."},
    "changeCase": _CHANGED,
    "answerCase": {"409": "The case has as many messages as it may have."} | _CHANGED,
    "linkToCase": {"404": "There is no such case, or no such thing in its network."},
    "addCannedAnswer": {"404": "There is no such network."},
    "changeCannedAnswer": _CHANGED,
    "openMaintenanceJob": {"404": "There is no such charge point or person."},
    "changeMaintenanceJob": _CHANGED,
    "addMaintenancePart": {"409": "It has as many parts as it may have."},
}
_BILLED = "It is a credit note, nothing is left of it, or it cannot be billed so."
_BILLING: dict[str, dict[str, str]] = {
    "addIssuer": {"404": "There is no such network.", "409": "The network has an issuer, or its numbers are taken."},
    "changeIssuer": {"409": "It has given out numbers, or they are taken."} | _CHANGED,
    "retireIssuer": {"409": "It is retired already."} | _CHANGED,
    "creditReceipt": {"409": _BILLED} | _CHANGED,
    "correctReceipt": {"409": _BILLED} | _CHANGED,
    "resolveReview": {"409": "It is decided otherwise already, or cannot be billed."} | _CHANGED,
    "resolveReviews": {"404": "There is no such network."},
    "redeliverLetter": {"409": "It is not dead, or its text is wiped."} | _CHANGED,
}
_ALERTS: dict[str, dict[str, str]] = {
    **{
        name: {"409": "It is resolved already."} | _CHANGED
        for name in ("acknowledgeAlert", "assignAlert", "resolveAlert")
    },
    "addMaintenanceWindow": {"404": "There is no such network, station or charge point."},
}
_RETIRED = {"409": "The charge point is retired."}
_NO_DRIVER = "Whoever asks is no driver."
_BY_OPERATION: dict[str, dict[str, str]] = {
    **_PEOPLE,
    **_PAYING,
    **_BILLING,
    **_CARE,
    "addChannel": {"404": "There is no such network.", "409": "There are as many channels as there may be."},
    "changeChannel": _CHANGED,
    "deleteChannel": _CHANGED,
    "rotateChannelSecret": {"409": "It is no webhook."} | _CHANGED,
    "addSubscription": {"404": "No such channel or network.", "409": "The channel has as many as it may have."},
    "changeSubscription": _CHANGED,
    "deleteSubscription": _CHANGED,
    "replayDelivery": {"409": "It is tried again by itself."} | _CHANGED,
    "replayDeliveries": {"404": "There is no such channel."},
    **_ALERTS,
    **_DESKS,
    "login": {
        "401": "Unknown address or wrong password.",
        "429": "Too many tries; see Retry-After.",
        "503": "A store does not answer.",
    },
    "addChargePoint": {"409": "The id is taken, or there is no such station."},
    "changeChargePoint": {"409": "It is retired, or that step or station is not possible."},
    "retireChargePoint": {"409": "It is retired already."},
    "addNetwork": {"409": "The id is taken."},
    "changeNetwork": {"409": "It is retired, or has no such station."},
    "retireNetwork": {"409": "It is retired already, or still has stations."},
    "addStation": {"409": "The id is taken, or there is no such network."},
    "changeStation": {"409": "It is retired."},
    "retireStation": {"409": "It is retired already, or still has charge points."},
    "putConnector": {"409": "The charge point is retired, or has too many connectors."},
    "deleteConnector": {"409": "The charge point is retired."},
    "importPlaces": {"409": "Something of it was registered meanwhile.", "413": "More than 32 MiB."},
    "adoptCharger": {"409": "It is registered already, or there is no such station."},
    "importTokens": {"404": "No such network.", "413": "More than 32 MiB."},
    "exportTokens": {"404": "No such network."},
    "addToken": {"404": "No such network or driver.", "409": "The token is there already."},
    "getToken": {"409": "Several networks have it; name one."},
    "changeToken": {"409": "Several networks have it; name one.", "412": "It has changed meanwhile."},
    "deleteToken": {"409": "Several networks have it; name one.", "412": "It has changed meanwhile."},
    "addDriver": {"404": "No such network."},
    "changeDriver": {"412": "It has changed meanwhile."},
    "forgetDriver": {"409": "A session is under way.", "412": "It has changed meanwhile."},
    **{
        name: {"404": _NO_DRIVER}
        for name in ("getMyProfile", "listMyVehicles", "listMyTokens", "listMySessions", "listCharging")
    },
    **{name: {"404": _NO_DRIVER} for name in ("listMyReceipts", "exportMyData")},
    "changeMyProfile": {"404": _NO_DRIVER, "412": "It has changed meanwhile."},
    "addMyVehicle": {"404": _NO_DRIVER, "409": "There are as many vehicles as there may be."},
    "changeMyVehicle": {"412": "It has changed meanwhile."},
    "deleteMyVehicle": {"412": "It has changed meanwhile."},
    "claimToken": {"404": "No card of this number can be claimed with this code."},
    "renameMyToken": {"412": "It has changed meanwhile."},
    "deleteMe": {"404": _NO_DRIVER, "409": "A session is under way.", "412": "It has changed meanwhile."},
    "addTokenGroup": {"404": "No such network or parent.", "409": "The group is there already."},
    "getTokenGroup": {"409": "Several networks have it; name one."},
    "changeTokenGroup": {"409": "Several networks have it; name one.", "412": "It has changed meanwhile."},
    "deleteTokenGroup": {
        "409": "Groups are within it, or several networks have it.",
        "412": "It has changed meanwhile.",
    },
    "listSessions": {"404": "There is no such driver for you."},
    "listCertificates": {"404": "There is no such charge point."},
    "listSigningRequests": {"404": "There is no such charge point."},
    "clearChargingProfile": _RETIRED,
    "clearChargingProfiles": _RETIRED,
    "clearDisplayMessage": _RETIRED,
    "clearMonitors": _RETIRED,
    "addTariff": {"404": "There is no such network."},
    "deleteTariff": {"409": "It held or is assigned somewhere."},
    "changeTariffDraft": {"409": "It is no draft."},
    "publishTariffVersion": {"409": "It is no draft."},
    "withdrawTariffVersion": {"409": "It has ended already."},
    "assignTariff": {"404": "There is no such tariff, or no such place in its network."},
    "endTariffAssignment": {"409": "It has ended already."},
    "getTariffFor": {"404": "There is no such charge point."},
    "addFirmware": {"413": "The image is larger than RAYCHARGE_MAX_FIRMWARE_MB."},
    "cancelLongWork": {"409": "It has ended, or is none that can be given up."},
    "getLongWorkFile": {"403": "You may no longer see all that the file holds."},
    **{
        name: {"409": "Too many of yours are on their way."}
        for name in ("askForSessions", "askForReceipts", "askForAudit")
    },
    "getChargePointFile": {"416": "The file does not have this range."},
    "fetchFile": {"410": "The link is spent or has expired.", "416": "The file does not have this range."},
    "bringFile": {"410": "The link is spent or has expired.", "413": "Larger than RAYCHARGE_MAX_UPLOAD_MB."},
    "sendCommand": _RETIRED,
}


def document(title: str, version: str, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document of an application with these routes."""
    made = get_openapi(title=title, version=version, description=DESCRIPTION, routes=routes)
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {"login": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(path, operation)
            if method in ("put", "patch", "delete") and not is_open(path):
                operation["responses"].setdefault("409", _problem("It conflicts with what is there."))
            if method == "post" and not is_open(path) and not is_streamed("POST", path):
                _may_be_keyed(operation)
    return made


def _may_be_keyed(operation: dict[str, Any]) -> None:
    """Say that a POST may carry an idempotency key, and what that can lead to."""
    operation.setdefault("parameters", []).append(
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "Sent again with the same key and body, the request is answered as before, not done again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-~]+$"},
        }
    )
    for status, description in _KEYED.items():
        operation["responses"].setdefault(status, _problem(description))
    replayed = {"description": "Present where this is the answer to an earlier request with the same key."}
    for status, answer in operation["responses"].items():
        if status < "300":
            answer.setdefault("headers", {})[REPLAYED] = replayed | {"schema": {"type": "string", "enum": ["true"]}}


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _complete(path: str, operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    errors = _ALWAYS | ({} if path in UNLIMITED else _LIMITED)
    if not is_open(path):
        errors |= _GUARDED
        operation["security"] = [{"login": []}]
        operation["x-permission"] = PERMISSION_OF[name]
    if operation.get("parameters") or "requestBody" in operation:
        errors |= _PARAMETERS
        if not is_open(path):
            errors |= _NAMED
    if "requestBody" in operation:
        errors |= _BODY
    if any(each["name"].lower() == "if-match" for each in operation.get("parameters", [])):
        errors |= _TAGGED
    if "{" in path:
        errors["404"] = "There is no such thing."
    errors |= _BY_OPERATION.get(name, {})
    answers = operation["responses"]
    if answers.get("422", {}).get("description") == "Validation Error":
        del answers["422"]
    errors |= {status: known["description"] for status, known in answers.items() if status >= "400"}
    for status, description in errors.items():
        answers[status] = _problem(description)
