"""What a campaign asks for survives being stored."""

from __future__ import annotations

import orjson
import pytest

from engine.campaigns.stored_operations import from_json, to_json
from engine.charging.operations import Operation, RawCall, Reset, SetConfiguration, SetPassword, SettingName
from engine.errors import InvalidInput
from tests.engine.ocpp.test_operations import EVERYWHERE, ONLY_2X

KEPT = [operation for operation in EVERYWHERE + ONLY_2X if not isinstance(operation, SetPassword)]


@pytest.mark.parametrize("operation", KEPT, ids=repr)
def test_every_operation_comes_back_as_it_was(operation: Operation) -> None:
    assert from_json(orjson.loads(orjson.dumps(to_json(operation), default=str))) == operation


SECRETS: list[Operation] = [
    SetPassword(b"0123456789abcdef"),
    SetConfiguration(SettingName("AuthorizationKey"), "30313233"),
    SetConfiguration(SettingName(component="SecurityCtrlr", variable="BasicAuthPassword"), "0123456789abcdef"),
    RawCall("ChangeConfiguration", {"key": "AuthorizationKey", "value": "30313233"}),
]


@pytest.mark.parametrize("operation", SECRETS, ids=lambda operation: operation.kind)
def test_a_password_is_never_stored(operation: Operation) -> None:
    with pytest.raises(InvalidInput):
        to_json(operation)


def test_a_form_of_another_release_is_refused() -> None:
    with pytest.raises(InvalidInput):
        from_json(to_json(Reset()) | {"v": 99})
    with pytest.raises(InvalidInput):
        from_json({"v": 1, "kind": "teleport", "fields": {}})
    with pytest.raises(InvalidInput):
        from_json({"v": 1, "kind": "reset", "fields": {"evse": "x"}})
