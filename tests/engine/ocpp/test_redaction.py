"""No secret of a station gets past redaction, and nothing else is touched."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging.secrecy import redacted
from engine.ocpp.redaction import redact_text, redact_tree

SECRET = "s3cr3tKey"
TOKEN = "s3cr3tKey_" + "a-Z" * 11
"""As long as a file link's token is."""

KEY = {"key": "AuthorizationKey", "readonly": False, "value": SECRET}
VARIABLE = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
HIDING_PLACES: list[Any] = [
    [2, "1", "ChangeConfiguration", {"key": "AuthorizationKey", "value": SECRET}],
    [2, "1", "ChangeConfiguration", {"value": SECRET, "key": "authorizationkey"}],
    [3, "1", {"configurationKey": [{"key": "X", "readonly": False, "value": "1"}, KEY]}],
    [2, "1", "SetVariables", {"setVariableData": [{"attributeValue": SECRET} | VARIABLE]}],
    [3, "1", {"getVariableResult": [{"attributeStatus": "Accepted", "attributeValue": SECRET} | VARIABLE]}],
    [2, "1", "NotifyReport", {"reportData": [VARIABLE | {"variableAttribute": [{"type": "Actual", "value": SECRET}]}]}],
    [2, "1", "SetNetworkProfile", {"connectionData": {"basicAuthPassword": SECRET, "vpn": {"password": [SECRET]}}}],
    [2, "1", "GetDiagnostics", {"location": f"ftp://user:{SECRET}@files.example/x"}],
    [2, "1", "UpdateFirmware", {"location": f"http://csms:8080/files/{TOKEN}/v2.bin"}],
    [2, "1", "GetLog", {"log": {"remoteLocation": f"http://csms:8080/files/{TOKEN}/"}}],
    [2, "1", "DataTransfer", {"vendorId": "v", "data": '{"key":"AuthorizationKey","value":"' + SECRET + '"}'}],
    [2, "1", "DataTransfer", {"vendorId": "v", "data": f"see ftp://a:{SECRET}@h/ and ftp://{SECRET}@g/"}],
]


@pytest.mark.parametrize("frame", HIDING_PLACES)
def test_a_secret_is_taken_out_of_text_and_tree(frame: Any) -> None:
    clean = redact_text(orjson.dumps(frame))
    assert SECRET.encode() not in clean
    assert orjson.loads(clean)[:2] == frame[:2]
    assert orjson.loads(clean) == redact_tree(frame)


def test_of_a_file_link_only_the_token_is_hidden() -> None:
    raw = f'[2,"1","UpdateFirmware",{{"location":"http://csms/files/{TOKEN}/v2.bin"}}]'.encode()
    assert redact_text(raw) == b'[2,"1","UpdateFirmware",{"location":"http://csms/files/***/v2.bin"}]'
    assert redacted({"location": f"http://csms/files/{TOKEN}/"}) == {"location": "http://csms/files/***/"}
    other = b'[2,"1","UpdateFirmware",{"location":"http://csms/files/v2.bin"}]'
    assert redact_text(other) is other


def test_an_escaped_name_or_slash_hides_nothing() -> None:
    for raw in (
        b'[2,"1","ChangeConfiguration",{"key":"Authorization\\u004bey","value":"s3cr3tKey"}]',
        b'[2,"1","GetDiagnostics",{"location":"ftp:\\/\\/user:s3cr3tKey@files\\/x"}]',
    ):
        assert b"s3cr3tKey" not in redact_text(raw)


def test_a_broken_frame_that_is_understood_is_redacted_like_others() -> None:
    clean = redact_text(b'[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"s3cr3tKey",}]')
    assert orjson.loads(clean) == [2, "1", "ChangeConfiguration", {"key": "AuthorizationKey", "value": "***"}]


def test_a_broken_frame_that_names_a_secret_is_left_out_whole() -> None:
    clean = redact_text(b'[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"s3cr3tKey",')
    assert b"s3cr3tKey" not in clean
    assert orjson.loads(clean)


@pytest.mark.parametrize(
    "raw",
    [
        b'[2,"1","Heartbeat",{}]',
        b'[2, "1" ,"BootNotification",{"chargePointModel":"TeisonMe@7KW"}]',
        b'[2,"1","GetDiagnostics",{"location":"ftp://files.example/x@y"}]',
        b'[3,"1",{"configurationKey":[],"unknownKey":["AuthorizationKey"]}]',
        b'[2,"1","StatusNotification",{"info":"{\\"reason\\":\\"plugInGun\\"}"}]',
        b"no json at all",
        b'[2,"1","BootNotification",{"chargePointModel":"S\\u00e4ule",}]',
    ],
)
def test_a_frame_without_secrets_is_the_very_same(raw: bytes) -> None:
    assert redact_text(raw) is raw


def test_the_tree_that_is_given_is_not_changed() -> None:
    frame = {"key": "AuthorizationKey", "value": SECRET}
    redact_tree(frame)
    assert frame["value"] == SECRET


def test_no_depth_and_no_length_hurts() -> None:
    assert SECRET.encode() not in redact_text(b'{"password":' + b"[" * 900 + b'"s3cr3tKey"' + b"]" * 900 + b"}")
    redact_text(b'"' + b"://" * 80_000 + b'"')
    redact_text(b'"' + b"a://" * 60_000 + b'@"')


@given(st.binary(max_size=200).map(lambda rest: rest + b"password"))
def test_no_bytes_raise(raw: bytes) -> None:
    redact_text(raw)
