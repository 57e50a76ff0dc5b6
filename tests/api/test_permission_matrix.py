"""Every operation as every built-in role: who may is written down by hand in permission_matrix.txt.

What counts is whether the answer is 401 or 403; what else comes of a call is for the operation's own tests to say.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from api.access.permissions import PERMISSION_OF
from engine.access.roles import ALL, ROLES
from engine.stores.sql.models import DEFAULT_NETWORK
from tests.api.calls import Operation, address, call, operations
from tests.api.conftest import Facade, facade_with

ANYONE, WHOLE = "anyone", "whole installation"
TABLE = Path(__file__).with_name("permission_matrix.txt")

EXAMPLES = {
    "{id}": "nothing",
    "{number}": "1",
    "{kind}": "faulted",
    "{request}": "1",
    "{serial_number}": "a1",
    "{file}": "f1",
    "{grant}": "g1",
    "{login}": "l1",
    "{network}": "north",
    "{part}": "p1",
    "{token}": "t1",
    "{name}": "n1",
    "{code}": "ABCDEFGH23",
    "{secret}": "a-secret-that-nobody-has",
    "{evse}": "1",
    "{connector}": "1",
    "charge-points/{id}": "CP-1",
}
"""Anything that fits an address: whether it is there makes no difference to who may ask."""


def _read_table() -> dict[str, tuple[frozenset[str], bool]]:
    """Operation → the roles that may, and whether only in the whole installation."""
    found: dict[str, tuple[frozenset[str], bool]] = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            roles, _, where = line.partition("|")
            name, *who = roles.split()
            assert name not in found, f"{name} is there twice"
            assert where.strip() in ("", WHOLE), line
            assert who == [ANYONE] or set(who) <= set(ROLES), line
            found[name] = frozenset(who), bool(where)
    return found


MAY = _read_table()
# Whoever has been forgotten can be asked nothing more.
OPERATIONS = sorted(operations(facade_with().app), key=lambda operation: operation.id == "deleteMe")


def test_every_operation_has_its_line_and_every_line_its_operation() -> None:
    names = [operation.id for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert set(names) - set(MAY) == set(), "operations without a line in permission_matrix.txt"
    assert set(MAY) - set(names) == set(), "lines without an operation"
    assert set(PERMISSION_OF.values()) <= ALL, "permissions that engine/access/roles.py does not know"


def _asked(operation: Operation) -> str:
    try:
        return address(operation.path, EXAMPLES)
    except KeyError as error:
        pytest.fail(f"{operation.path}: {error} needs an example")


async def _answers(facade: Facade, operation: Operation, token: str) -> int:
    body = {} if "requestBody" in operation.document else None
    return (await call(facade.app, operation.method, _asked(operation), token, body=body)).status


class Somebody:
    """Somebody with a role, who logs in again when an operation before has logged them out."""

    def __init__(self, facade: Facade, role: str, network: str | None) -> None:
        self._facade, self._role, self._network = facade, role, network
        self._token = facade.token(role, network)

    async def asks(self, operation: Operation) -> int:
        status = await _answers(self._facade, operation, self._token)
        if status == 401:
            self._token = self._facade.token(self._role, self._network)
            status = await _answers(self._facade, operation, self._token)
        return status


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_each_role_may_do_what_the_table_says_and_nothing_else(facade: Facade, role: str) -> None:
    wrong: list[str] = []
    for network in (None, DEFAULT_NETWORK):
        somebody = Somebody(facade, role, network)
        for operation in OPERATIONS:
            roles, whole = MAY[operation.id]
            permitted = ANYONE in roles or (role in roles and not (whole and network))
            status = await somebody.asks(operation)
            if (status not in (401, 403)) != permitted:
                wrong.append(f"{operation.id} in {network or 'the whole installation'}: {status}, {permitted=}")
    assert wrong == []


async def test_without_a_login_only_what_is_for_anyone_answers(facade: Facade) -> None:
    for operation in OPERATIONS:
        # A wrong password is a 401 as well: logging in has tests of its own.
        if operation.id != "login":
            told = await _answers(facade, operation, "")
            assert (told != 401) == (ANYONE in MAY[operation.id][0]), operation.id


def test_support_resets_and_touches_no_tariff_and_finance_the_reverse() -> None:
    """The sentence that the table has to keep whatever else it grows by."""
    for name, (roles, _) in MAY.items():
        permission = PERMISSION_OF.get(name, "")
        if permission == "tariffs:write" or permission.split(":")[0] in ("billing", "issuers", "payments"):
            assert "support" not in roles, name
        if permission in ("commands:basic", "commands:send", "configuration:write", "charge-points:write"):
            assert "finance" not in roles, name
    assert "support" in MAY["resetChargePoint"][0]
    assert "support" not in MAY["setConfiguration"][0] | MAY["sendCommand"][0] | MAY["updateFirmware"][0]
