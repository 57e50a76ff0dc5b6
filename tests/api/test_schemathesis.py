"""The OpenAPI document is kept: whatever is sent, as it allows or against it, the answer is one that it describes.

Requests are made from the document by schemathesis, for an admin and for nobody, and every answer is held against it:
no 5xx, no status, type, header or body that is not documented. RAYCHARGE_SCHEMATHESIS_EXAMPLES says how many requests
each operation gets; `make test` is content with few.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from itertools import pairwise
from typing import Any, TypeVar

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.access.permissions import PERMISSION_OF
from engine.settings import Settings
from tests.api.billing.examples import with_billing
from tests.api.conftest import PASSWORD, Facade, facade_with, furnish
from tests.api.places.examples import with_places
from tests.api.test_access import with_files
from tests.api.test_tariffs import MALL

EXAMPLES = int(os.environ.get("RAYCHARGE_SCHEMATHESIS_EXAMPLES", "2"))
ENDLESS = frozenset({"followEvents", "followMessages"})
"""Streams that end with their reader; tests of their own read them."""

KNOWN = {
    "charge-points/{id}": "CP-1",
    "sessions/{id}": "s0001",
    "commands/{id}": "c0001",
    "campaigns/{id}": "k0001",
    "tokens/{id}": "TAG",
    "networks/{id}": "default",
    "stations/{id}": "default",
    "inbox/{id}": "a0001",
    "issuers/{id}": "i0001",
    "receipts/{id}": "r0001",
    "reviews/{id}": "v0001",
    "outbox/{id}": "m0001",
    "firmware/{id}": "i0001",
    "files/{file}": "f0001",
    "certificates/{serial_number}": "a1",
    "versions/{number}": "1",
    "parts/{part}": "p0001",
    "reports/{request}": "1",
    "connectors/{evse}": "1",
    "{evse}/{connector}": "1",
    "alert-rules/{kind}": "faulted",
}
"""What there is, by the part of the address that it stands in: without it all answers would be 404."""

MADE: dict[str, dict[str, Any]] = {
    "session-exports": {},
    "token-groups": {"id": "FLEET"},
    "me/views": {"page": "charge-points", "name": "Mine", "content": {}},
    "users": {"email": "clerk@example.org", "password": PASSWORD},
    "drivers": {"email": "driver@example.org", "name": "D"},
    "roles": {"name": "Clerk", "permissions": ["receipts:read"]},
    "api-keys": {"name": "Key", "permissions": ["receipts:read"], "expires_at": "2027-01-01T00:00:00Z"},
    "tariffs": {"name": "Mall", "content": MALL, "publish": {}},
    "tariffs/{tariffs}/versions": {"content": MALL},
    "tariff-assignments": {"tariff": "{tariffs}"},
    "channels": {"kind": "webhook", "name": "Hook", "address": "https://127.0.0.1/hook"},
    "subscriptions": {"channel": "{channels}", "kinds": ["*"]},
    "canned-answers": {"title": "Hello", "text": "Hello"},
    "cases": {"category": "charging", "subject": "Cable", "text": "Stuck.", "charge_point": "CP-1"},
    "maintenance-jobs": {"charge_point": "CP-1", "title": "Clean", "blocking": False},
    "maintenance-windows": {
        "begins_at": "2026-01-05T10:00:00Z",
        "ends_at": "2026-01-05T12:00:00Z",
        "reason": "New cable",
    },
}
"""What is made over REST at the start; an id in braces is that of what was made before."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
T = TypeVar("T")


class Running:
    """A façade in an event loop of its own, for tests that are functions to Hypothesis."""

    def __init__(self) -> None:
        self.known = dict(KNOWN)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.facade: Facade = self.do(self._start())
        schema: BaseSchema = schemathesis.openapi.from_dict(self.facade.app.openapi())
        self.operations = {each.definition.raw["operationId"]: each for each in _operations(schema)}

    async def _start(self) -> Facade:
        unlimited = Settings(requests_per_minute=0, requests_per_minute_per_address=0)
        facade = await furnish(facade_with(unlimited))
        for put in (with_files, with_places, with_billing):
            await put(facade)
        made: dict[str, str] = {}
        async with facade.client(facade.token()) as client:
            for path, body in MADE.items():
                filled = {name: made.get(str(value).strip("{}"), value) for name, value in body.items()}
                answer = await client.post(f"/api/v1/{path.format(**made)}", json=filled)
                assert answer.status_code < 300, (path, answer.text)
                made.setdefault(path, str(answer.json().get("id")))
        self.known |= {f"{path.rpartition('/')[2]}/{{id}}": id for path, id in made.items()}
        return facade

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def send(self, case: Case, token: str) -> httpx.Response:
        return self.do(self._sent(case, token))

    async def _sent(self, case: Case, token: str) -> httpx.Response:
        wanted = case.as_transport_kwargs(base_url="http://facade")
        async with self.facade.client(token) as client:
            wanted["headers"] = {**client.headers, **{name: str(each) for name, each in wanted["headers"].items()}}
            wanted.pop("cookies", None)
            body = wanted.pop("data", None)
            if body is not None:
                wanted["content"] = body if isinstance(body, bytes | str) else str(body)
            if wanted.get("files"):
                wanted["files"] = [(name, _as_file(each)) for name, each in wanted["files"]]
            request = client.build_request(**wanted)
            # The checks look at what was sent.
            await request.aread()
            return await client.send(request)

    async def refused(self, operation: APIOperation) -> int:
        """What somebody without a login is answered."""
        async with self.facade.client() as client:
            path = re.sub(r"{\w+}", "1", operation.path)
            return (await client.request(operation.method, path)).status_code

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _operations(schema: BaseSchema) -> Iterator[APIOperation]:
    for found in schema.get_all_operations():
        yield found.ok()


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    made = Running()
    yield made
    made.close()


def _as_file(part: Any) -> Any:
    """A part of a form. Against the document it may be any JSON value, which httpx cannot send as a file."""
    if isinstance(part, tuple):
        return (part[0], _as_file(part[1]), *part[2:])
    return part if isinstance(part, bytes) else str(part)


def cases(running: Running, operation: APIOperation) -> st.SearchStrategy[Case]:
    """Requests as the document allows them and such as it does not, for things that there are and others.

    What an operation ends is left to chance: the others need it.
    """
    parts = operation.path.split("/")
    known = {
        part.strip("{}"): running.known.get(f"{before}/{part}") for before, part in pairwise(parts) if part[:1] == "{"
    }
    fatal = operation.definition.raw["operationId"].startswith(("retire", "delete", "revoke"))
    fixed = {"path_parameters": known} if known and None not in known.values() and not fatal else {}
    allowed: Callable[..., st.SearchStrategy[Case]] = operation.as_strategy
    return st.one_of(allowed(**fixed), allowed(), allowed(GenerationMode.NEGATIVE, **fixed))


def hold_to_its_word(running: Running, operation: APIOperation, token: str) -> None:
    """Send requests of every kind, and hold the answers against the document."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        # The same requests each time: what is found is found before a change is in, not by the next one.
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(running, operation))
    def answered(case: Case) -> None:
        case.validate_response(running.send(case, token), checks=CHECKS)

    answered()


@pytest.mark.parametrize("name", sorted(PERMISSION_OF.keys() - ENDLESS))
def test_an_operation_answers_as_documented(running: Running, name: str) -> None:
    operation = running.operations[name]
    assert running.do(running.refused(operation)) == 401
    # An account of its own: some of them end the account that asks.
    role = "driver" if PERMISSION_OF[name].startswith("own:") else "admin"
    hold_to_its_word(running, operation, running.facade.token(role, name=name.lower()))


def test_what_is_open_answers_as_documented(running: Running) -> None:
    for name in sorted(running.operations.keys() - PERMISSION_OF.keys()):
        hold_to_its_word(running, running.operations[name], "")


def test_every_operation_was_asked(running: Running) -> None:
    assert PERMISSION_OF.keys() - running.operations.keys() == set()
