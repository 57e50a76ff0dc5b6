"""Locust users that are charge points: each boots, authorises, starts, sends meter values, stops and obeys.

    locust -f loadtest/locustfile.py --host ws://127.0.0.1:9000/ocpp --station-password …            (web page on 8089)
    locust -f loadtest/locustfile.py --host … --headless --users 200 --spawn-rate 20 --run-time 60s

Every CALL's answer is a Locust request of type OCPP, named by its action. With `--api-url`, `--api-email` and
`--api-password` each user also asks the REST façade, now and then, to trigger a heartbeat at its own station; the time
until REST answers, which includes the station's, is reported as `COMMAND TriggerMessage`.
"""

from __future__ import annotations

import itertools
import threading
import time
from argparse import Namespace
from typing import Any

import gevent
import requests
from locust import User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtest.blocking import BlockingDriver
from loadtest.habits import Habits, inhabit
from loadtest.quirks import quirks
from loadtest.speech import VERSIONS
from loadtest.station import Station, Traits
from loadtest.wire import Address

_SLICE_S = 1.0


@events.init_command_line_parser.add_listener
def _options(parser: LocustArgumentParser) -> None:
    parser.add_argument(
        "--station-prefix", default="LOCUST-", env_var="LOCUST_STATION_PREFIX", help="id: prefix, number"
    )
    parser.add_argument("--station-password", default="", env_var="LOCUST_STATION_PASSWORD", include_in_web_ui=False)
    parser.add_argument("--id-tag", default="LOCUST", env_var="LOCUST_ID_TAG", help="the card that drivers use")
    parser.add_argument("--meter-interval", type=float, default=5.0, help="seconds between meter values")
    parser.add_argument("--speed", type=float, default=60.0, help="60: an hour's session takes a minute")
    parser.add_argument("--ocpp", default="ocpp1.6", choices=VERSIONS, help="the subprotocol that all speak")
    parser.add_argument("--quirks", default="", help="names of quirks, separated by commas")
    parser.add_argument("--api-url", default="", env_var="LOCUST_API_URL", help="façade, as http://127.0.0.1:8080")
    parser.add_argument("--api-email", default="", env_var="LOCUST_API_EMAIL")
    parser.add_argument("--api-password", default="", env_var="LOCUST_API_PASSWORD", include_in_web_ui=False)
    parser.add_argument("--command-interval", type=float, default=20.0, help="seconds between commands to a station")


class CommandError(Exception):
    """The façade answered, and it was not what was wanted."""


class Facade:
    """The REST side, one login for all users."""

    def __init__(self, options: Namespace) -> None:
        self._url = options.api_url.rstrip("/")
        self._login = {"email": options.api_email, "password": options.api_password}
        self._session = requests.Session()
        self._lock = threading.Lock()
        self._token = ""

    def _headers(self) -> dict[str, str]:
        with self._lock:
            if not self._token:
                answer = self._session.post(f"{self._url}/api/v1/login", json=self._login, timeout=30)
                answer.raise_for_status()
                self._token = answer.json()["access_token"]
            return {"Authorization": f"Bearer {self._token}"}

    def trigger_heartbeat(self, charge_point: str) -> None:
        """Have the station send a heartbeat. Raises CommandError unless the station accepted, or requests' errors."""
        command: dict[str, Any] = {
            "action": "TriggerMessage",
            "payload": {"requestedMessage": "Heartbeat"},
            "timeout_s": 30,
        }
        url = f"{self._url}/api/v1/charge-points/{charge_point}/commands"
        answer = self._session.post(url, json=command, headers=self._headers(), timeout=40)
        answer.raise_for_status()
        outcome = answer.json().get("outcome")
        if outcome != "Accepted":
            raise CommandError(f"TriggerMessage ended in {outcome}")


class _Reporter:
    """Tells Locust of every answer."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def fire(self, kind: str, name: str, millis: float, failure: Exception | None) -> None:
        self._environment.events.request.fire(
            request_type=kind, name=name, response_time=millis, response_length=0, exception=failure, context={}
        )

    def answered(self, action: str, micros: int, error: str) -> None:
        self.fire("OCPP", action, micros / 1000, CommandError(error) if error else None)

    def unanswered(self, action: str) -> None:
        self.fire("OCPP", action, 0.0, TimeoutError("no answer"))

    def noted(self, what: str) -> None:
        if what.startswith("not connected"):
            self.fire("OCPP", "connect", 0.0, ConnectionError(what))


class ChargePointUser(User):
    """One charge point with one connector."""

    _numbers = itertools.count(1)
    _facades: dict[int, Facade] = {}  # noqa: RUF012 - shared by all users on purpose: one login

    def on_start(self) -> None:
        options = self.environment.parsed_options
        identity = f"{options.station_prefix}{next(self._numbers):05d}"
        self._reporter = _Reporter(self.environment)
        names = filter(None, options.quirks.split(","))
        traits = Traits(
            meter_interval_s=options.meter_interval, speed=options.speed, quirks=quirks(names), version=options.ocpp
        )
        station = Station(identity, traits, observer=self._reporter)
        inhabit(station, Habits(speed=options.speed, first_visit_s=2.0, id_tags=(options.id_tag,)), _now())
        address = Address.of(str(self.host), identity, options.station_password, traits.quirks, traits.version)
        self._driver = BlockingDriver(station, address)
        self._facade = self._facades.setdefault(id(self.environment), Facade(options)) if options.api_url else None
        self._command_at = time.monotonic() + options.command_interval
        self._commanding: gevent.Greenlet[Any] | None = None

    def on_stop(self) -> None:
        if self._commanding is not None:
            self._commanding.kill()
        self._driver.close()

    @task
    def live(self) -> None:
        """Be a charge point for a moment."""
        if self._facade is not None and time.monotonic() >= self._command_at and self._driver.station.registered:
            self._command_at = time.monotonic() + self.environment.parsed_options.command_interval
            # In a greenlet of its own: the station has to answer while REST waits for it.
            self._commanding = gevent.spawn(self._command, self._facade)
        self._driver.run_for(_SLICE_S)

    def _command(self, facade: Facade) -> None:
        began = time.perf_counter()
        failure: Exception | None = None
        try:
            facade.trigger_heartbeat(self._driver.station.identity)
        except (requests.RequestException, CommandError, LookupError) as wrong:
            failure = wrong
        self._reporter.fire("COMMAND", "TriggerMessage", (time.perf_counter() - began) * 1000, failure)


def _now() -> int:
    return time.time_ns() // 1000
