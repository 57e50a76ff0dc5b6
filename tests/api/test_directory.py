"""Routes are found by the first word of their address, each by the router that has it."""

from __future__ import annotations

from starlette.routing import Match

from api.access.permissions import PERMISSION_OF
from api.app import _included
from api.web.directory import Directory, _area
from tests.api.calls import address, operations
from tests.api.conftest import Facade, assert_problem, facade_with
from tests.api.test_permission_matrix import EXAMPLES

OPERATIONS = list(operations(facade_with().app))


def test_every_operation_is_found_among_the_routers_of_its_area() -> None:
    app = facade_with().app
    directory = app.router.middleware_stack
    assert isinstance(directory, Directory)
    assert len(OPERATIONS) > len(PERMISSION_OF) / 2
    names = {
        id(route): {getattr(each, "operation_id", "") for each in router.routes} for router, _, route in _included()
    }
    for operation in OPERATIONS:
        scope = {"type": "http", "method": operation.method.upper(), "path": address(operation.path, EXAMPLES)}
        near = directory._areas.get(_area(scope["path"]), ())
        found = next(route for route in near if route.matches({**scope})[0] == Match.FULL)
        assert operation.id in names[id(found)], "it is its own router that takes it"
        assert len(near) < 12, "an area has few routers"


async def test_what_is_in_no_area_is_answered_as_ever(facade: Facade) -> None:
    async with facade.client(facade.token()) as client:
        assert_problem(await client.get("/api/v1/nothing"), 404)
        assert_problem(await client.get("/api/v1/charge-points/CP-1/nothing/at/all"), 404)
        answer = await client.put("/api/v1/charge-points")
        assert_problem(answer, 405)
        assert answer.headers["allow"]
