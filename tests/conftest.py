"""What all tests share: the properties' profile, and one whole installation for all system tests.

It is Ray, Valkey, chDB, SQLite and two hosts, started as a user would.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from actors.embedded.ports import free_ports
from loadtest.installation import Installation
from tests.conformance import contracts, price
from tests.conformance.tls_material import prepare
from tests.system.letter_box import LetterBox

# How long an example takes says something about the machine's other tenants, and nothing about the code.
settings.register_profile("raycharge", deadline=None)
settings.load_profile("raycharge")

METRICS_TOKEN = "a-token-for-prometheus"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """System tests after all others, those that own an installation after those that share one, crashes last."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("crash") is not None:
        return 3
    if item.get_closest_marker("system") is not None:
        return 1 if "system" in getattr(item, "fixturenames", ()) else 2
    return 0


@pytest.fixture(scope="session")
def letters() -> Iterator[LetterBox]:
    """The mail server of the running system."""
    with LetterBox() as box:
        yield box


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, letters: LetterBox) -> Iterator[Installation]:
    """Two hosts, started once, with TLS, mail, a price and test payments. Tests use charge points of their own."""
    folder = tmp_path_factory.mktemp("system")
    (payments_port,) = free_ports(1)
    payments = {"PAYMENTS": "local", "PAYMENTS_PORT": str(payments_port)}
    ours = {"HOSTS": "2", "METRICS_TOKEN": METRICS_TOKEN, "SMTP_URL": letters.url}
    # Where tests have their webhooks and push messages sent.
    ours |= {"PRIVATE_RECEIVERS": "127.0.0.0/8"}
    installation = Installation(folder, ours | price.SETTINGS | payments)
    prepare(installation)
    contracts.prepare(installation)
    with installation as system:
        yield system
