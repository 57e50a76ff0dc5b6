"""Two operators in one installation: neither sees, changes or commands anything of the other's, by any operation.

Generated from the OpenAPI document. Whose something is can be read from its name (network_rows.py), so an answer to the
north that names the south is a leak. A path parameter without an example fails, and so does an operation that cannot
be shown to work on one's own things: being refused the other's would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from engine.access.roles import ROLES
from tests.api.calls import Answer, Operation, address, call, operations
from tests.api.conftest import facade_with
from tests.api.network_bodies import body_of, query_of, references_of
from tests.api.network_rows import PLAIN, examples_of
from tests.api.test_permission_matrix import ANYONE, MAY
from tests.api.two_networks import NORTH, SOUTH, rows_naming, two_networks

_APP = facade_with().app
OPERATIONS = [each for each in operations(_APP) if ANYONE not in MAY[each.id][0]]
SCHEMAS = _APP.openapi()["components"]["schemas"]
ENDINGS = (
    "cancelCampaign",
    "delete",
    "retire",
    "revoke",
    "withdraw",
    "end",
    "dismiss",
    "adopt",
    "logout",
    "giveUp",
)
"""Beginnings of the names of operations after which something is not there any more: called last."""

OTHERWISE: Mapping[str, tuple[int, str]] = {
    "changeStationPassword": (409, "the charge point has no password"),
    "listInbox": (200, "who has knocked concerns one network of the installation, another one here"),
    "dismissCharger": (404, "the inbox is another network's"),
    "adoptCharger": (404, "the inbox is another network's"),
    "claimToken": (404, "no card has a code here"),
    "cancelLongWork": (409, "it is done"),
    "addIssuer": (409, "the network has one"),
    "deleteTariff": (409, "it is assigned"),
    "forgetDriver": (409, "the driver charges"),
    "deleteMe": (409, "the driver charges"),
    "confirmSecondFactor": (404, "there is no second factor"),
    "renewRecoveryCodes": (422, "no code is known here"),
    "showSecondFactor": (422, "no code is known here"),
    "giveUpSecondFactor": (422, "no code is known here"),
    "resetSecondFactor": (404, "there is no second factor"),
    "retireNetwork": (409, "it has stations"),
    "retireStation": (409, "it has charge points"),
}
"""Operations that do not succeed on one's own things here: with which status, and why."""


def _role(operation: Operation) -> str:
    """Somebody who may: an administrator of the network, or a driver for a driver's own things."""
    return "driver" if operation.permission.startswith("own:") else "admin"


def _parameters(operation: Operation) -> list[str]:
    """The path parameters that name something of a network, as `examples_of` has them."""
    found: list[str] = []
    before = ""
    for part in operation.path.split("/"):
        if part.startswith("{") and part not in PLAIN:
            found.append(f"{before}/{part}" if f"{before}/{part}" in examples_of(NORTH) else part)
        before = part if part and not part.startswith("{") else before
    return found


KNOWN = [each for each in OPERATIONS if set(_parameters(each)) <= set(examples_of(NORTH))]


def test_every_path_parameter_has_an_example() -> None:
    assert [each.path for each in OPERATIONS if each not in KNOWN] == [], "add examples to network_rows.py"


def _foreign(operation: Operation) -> Iterator[Mapping[str, str]]:
    """Examples with all parameters the south's, and then each of them alone."""
    mine, others = examples_of(NORTH), examples_of(SOUTH)
    named = _parameters(operation)
    yield {**mine, **{key: others[key] for key in named}}
    if len(named) > 1:
        yield from ({**mine, key: others[key]} for key in named)


def _leaks(answer: Answer) -> bool:
    """Whether an answer tells something. A refusal may repeat what it was asked."""
    return answer.status < 400 and SOUTH in answer.text


async def test_what_names_something_of_the_other_network_is_not_there() -> None:
    facade = await two_networks()
    tokens = {role: facade.token(role, NORTH) for role in ROLES}
    for role in ROLES:
        facade.token(role, SOUTH)
    before, wrong = await rows_naming(facade, SOUTH), []
    assert sum(len(rows) for rows in before.values()) > 30
    for operation in KNOWN:
        token, body = tokens[_role(operation)], body_of(operation, NORTH)
        for examples in _foreign(operation) if _parameters(operation) else ():
            path = address(operation.path, examples)
            answer = await call(facade.app, operation.method, path, token, body=body, query=query_of(operation, NORTH))
            if answer.status not in ((403, 404) if MAY[operation.id][1] else (404,)):
                wrong.append(f"{operation.method} {path}: {answer.status} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    after = await rows_naming(facade, SOUTH)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    assert [each for each in facade.fleet.asked if SOUTH in repr(each)] == []


async def test_what_refers_to_the_other_network_changes_and_tells_nothing() -> None:
    """In bodies and queries: a tariff for another's station, a list of another's network."""
    facade = await two_networks()
    facade.token("admin", SOUTH)
    before, wrong = await rows_naming(facade, SOUTH), []
    for operation in KNOWN:
        token = facade.token(_role(operation), NORTH)
        path = address(operation.path, examples_of(NORTH)) if _parameters(operation) else operation.path
        if operation.id.startswith(ENDINGS):
            continue
        for body, query in references_of(operation, NORTH, SOUTH, SCHEMAS):
            asked = {**query_of(operation, NORTH), **query}
            answer = await call(facade.app, operation.method, path, token, body=body, query=asked)
            if answer.status >= 500 or _leaks(answer):
                wrong.append(f"{operation.id} {body} {query}: {answer.status} {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)
    after = await rows_naming(facade, SOUTH)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    assert [each for each in facade.fleet.asked if SOUTH in repr(each)] == []


def _endings_last(operation: Operation) -> tuple[bool, bool, int, int]:
    # A new password ends the logins before it.
    last, ending = operation.id == "changeMyPassword", operation.id.startswith(ENDINGS)
    return last, ending, ("GET", "PUT", "PATCH", "POST", "DELETE").index(operation.method), -len(operation.path)


async def test_one_s_own_things_are_there_and_lists_show_nothing_else() -> None:
    facade = await two_networks()
    wrong: list[str] = []
    for operation in sorted(KNOWN, key=_endings_last):
        path = address(operation.path, examples_of(NORTH))
        token = facade.token(_role(operation), NORTH)
        body, query = body_of(operation, NORTH), query_of(operation, NORTH)
        answer = await call(facade.app, operation.method, path, token, body=body, query=query)
        expected, why = OTHERWISE.get(operation.id, (0, ""))
        whole = MAY[operation.id][1]
        right = answer.status == (403 if whole else expected) if whole or expected else answer.status < 400
        if not right:
            wrong.append(f"{operation.method} {path}: {answer.status} {answer.text[:300]} {why}")
        elif _leaks(answer):
            wrong.append(f"{operation.method} {path} shows the other's: {answer.text[:300]}")
        elif not expected and operation.method == "GET" and '"items":[]' in answer.text:
            wrong.append(f"{operation.method} {path} shows nothing: add a row to network_rows.py")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_no_role_sees_the_other_network_in_any_list(role: str) -> None:
    facade = await two_networks()
    facade.token(role, SOUTH)
    token = facade.token(role, NORTH)
    wrong = []
    for operation in KNOWN:
        if operation.method == "GET" and role in MAY[operation.id][0] and not _parameters(operation):
            answer = await call(facade.app, "GET", operation.path, token)
            if _leaks(answer):
                wrong.append(f"{operation.id}: {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)
