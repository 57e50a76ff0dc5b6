"""The one running system that all cases are held against, as far as they share something of it.

Tokens are made over REST and reach the hosts a moment later. So that a case need not guess when, a witness stands in
each host: a charge point of our own, connected there, that asks for a token until the host knows it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import httpx

from loadtest.installation import ADMIN, PASSWORD, Installation
from tests.conformance.rest import Rest
from tests.conformance.station import Dial
from tests.conformance.station16 import Station16
from tests.conformance.tls_material import HOST, TlsMaterial
from tests.conformance.verdict import CaseFailed, at

TRIES_FOR_WITNESSES = 200


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the system listens, and who we are. Empty: there is none, and cases that need it fail saying so."""

    api: str
    ocpp: str
    ocpp_tls: str = ""
    ocpp_legacy_tls: str = ""
    clickhouse: str = ""
    email: str = ADMIN
    password: str = PASSWORD

    @classmethod
    def of(cls, installation: Installation) -> Addresses:
        tls = TlsMaterial.of(installation)
        return cls(
            api=f"http://127.0.0.1:{installation.api_port}",
            ocpp=f"ws://127.0.0.1:{installation.ocpp_port}",
            ocpp_tls="" if tls is None else f"wss://{HOST}:{tls.port}",
            ocpp_legacy_tls="" if tls is None else f"wss://{HOST}:{tls.legacy_port}",
            clickhouse=f"http://127.0.0.1:{installation.clickhouse_port}",
            password=installation.settings["ADMIN_PASSWORD"],
        )


class SystemUnderTest:
    """`async with SystemUnderTest(addresses) as system:`; one for all cases."""

    def __init__(self, addresses: Addresses, installation: Installation | None = None) -> None:
        self.addresses, self.installation = addresses, installation
        self._tls = None if installation is None else TlsMaterial.of(installation)
        self.rest = Rest(addresses.api, addresses.email, addresses.password)
        self._witnesses: list[Station16] = []

    async def __aenter__(self) -> SystemUnderTest:
        try:
            await self._post_witnesses()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        for witness in self._witnesses:
            await witness.close()
        await self.rest.aclose()

    @property
    def tls(self) -> TlsMaterial:
        """The certificates of this system. Raises CaseFailed where we do not have them."""
        if self._tls is None:
            raise CaseFailed("this case needs TLS: the system is not one of ours, so its certificates are not known")
        return self._tls

    async def register(self, identity: str, **more: Any) -> None:
        """Register a charge point that gets in without a password, unless `more` wants more."""
        secured = more.keys() & {"password", "password_hex", "security_profile"}
        profile = {} if secured else {"security_profile": 0}
        await self.rest.json("POST", "/charge-points", json={"id": identity, **profile, **more})

    async def known(self, tag: str, status: str, within_s: float = 30.0) -> None:
        """Wait until every host knows that a token has this status."""
        deadline = time.monotonic() + within_s
        for witness in self._witnesses:
            while True:
                answer = await witness.authorize(tag)
                if at(answer, "idTagInfo.status") == status:
                    break
                if time.monotonic() > deadline:
                    raise CaseFailed(f"a host does not know that the token {tag} is {status}: {answer}")

    async def clickhouse(self, sql: str) -> list[list[Any]]:
        """Rows of a query over the ClickHouse port, as an analyst would ask."""
        if not self.addresses.clickhouse:
            raise CaseFailed("this case asks ClickHouse: give --clickhouse-url")
        async with httpx.AsyncClient(trust_env=False, timeout=60.0) as http:
            answer = await http.post(
                self.addresses.clickhouse, params={"default_format": "JSONCompact"}, content=sql.encode()
            )
        if answer.is_error:
            raise CaseFailed(f"ClickHouse does not answer {sql}: {answer.text[:600]}")
        rows: list[list[Any]] = answer.json()["data"]
        return rows

    async def _post_witnesses(self) -> None:
        """One in each host. Hosts share their port and the kernel deals connections out, so it takes some tries."""
        for _ in range(TRIES_FOR_WITNESSES):
            hosts = (await self.rest.json("GET", "/actors"))["hosts"]
            empty = _shared(hosts) - {_host_of(hosts, each.identity) for each in self._witnesses}
            if not empty:
                return
            identity = f"WITNESS-{token_hex(4)}"
            await self.register(identity)
            witness = Station16(Dial(self.addresses.ocpp, identity, ("ocpp1.6",)), tag="")
            await witness.connect()
            await witness.boot()
            hosts = (await self.rest.json("GET", "/actors"))["hosts"]
            if _host_of(hosts, identity) in empty:
                self._witnesses.append(witness)
            else:
                await witness.close()
        raise CaseFailed(f"no connection in each host after {TRIES_FOR_WITNESSES} tries")


def _host_of(hosts: list[dict[str, Any]], identity: str) -> str:
    """The host that has the actor of a charge point; "" if none has."""
    for host in hosts:
        if any(actor.get("id") == identity for actor in host.get("actors", ())):
            return str(host["name"])
    return ""


def _shared(hosts: list[dict[str, Any]]) -> set[str]:
    """The hosts that take connections of anybody; those of dedicated charge points have a colon in their names."""
    return {str(host["name"]) for host in hosts if ":" not in str(host["name"])}
