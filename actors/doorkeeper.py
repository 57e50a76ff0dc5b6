"""Who may come in: the gateway's questions answered from the credentials' book and the station's certificate.

A connection has the security profile that it shows: 1 a password, 2 a password over TLS, 3 a client certificate and no
password (2.x, A00). The charge point is registered with the least that is accepted of it; one that shows more is held
to that from then on (A05.FR.06). Profile 0 is for charge points whose operator opted out of passwords.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from actors.gateway.listener import Admitted, Knock, Refused
from actors.gateway.socket import Socket
from actors.gateway.tls_material import TlsFiles
from actors.stores import Stores
from engine.clock import Clock, SystemClock
from engine.security.certificates import Trust
from engine.settings import Settings
from engine.stores.credentials import Account, Credentials, Verdict
from engine.stores.places.arrivals import Arrivals

Connect = Callable[[Socket, Admitted, str], None]

CREDENTIALS, DOWNGRADE, CERTIFICATE_MISSING = "wrong_credentials", "lower_security_profile", "certificate_missing"


class Doorkeeper:
    """The gateway's `Gatekeeper`. `connect(socket, admitted, subprotocol)` takes over sockets that were let in.

    `trust()` is whom certificates are believed at the moment, `revoked()` what our own authority's book says is void.
    """

    def __init__(
        self,
        credentials: Credentials,
        connect: Connect,
        trust: Callable[[], Trust] = Trust,
        organisations: Collection[str] = (),
        revoked: Callable[[], Collection[str]] = frozenset,
        clock: Clock | None = None,
        arrivals: Arrivals | None = None,
    ) -> None:
        self._credentials = credentials
        self._connect = connect
        self._trust = trust
        self._organisations = organisations
        self._revoked = revoked
        self._clock = clock or SystemClock()
        self._arrivals = arrivals

    @classmethod
    def of(cls, stores: Stores, settings: Settings, files: TlsFiles, connect: Connect) -> Doorkeeper:
        """A host's: over its stores and the certificates that it believes."""
        return cls(
            stores.credentials,
            connect,
            lambda: files.trust,
            settings.organisations,
            lambda: stores.revocations.serial_numbers,
            arrivals=stores.arrivals,
        )

    async def is_proven(self, knock: Knock) -> bool:
        account = await self._credentials.account(knock.charge_point)
        if account is not None and _shows(knock, account) == 3:
            return self._certificate(knock, account.names) is None
        return await self._credentials.is_proven(knock.charge_point, knock.secret)

    async def admit(self, knock: Knock) -> Admitted | Refused:
        account = await self._credentials.account(knock.charge_point) or await self._newcomer(knock)
        if account is None:
            return Refused(CREDENTIALS, "not registered")
        shown = _shows(knock, account)
        refused = await self._refusal(knock, account, shown)
        if refused is not None:
            return refused
        if shown > account.security_profile > 0:
            await self._credentials.raise_profile(account, shown)
        return Admitted(account.id, account.isolation == "dedicated")

    async def _newcomer(self, knock: Knock) -> Account | None:
        """One that nobody has registered: let in where its network-to-be wants that, else noted for the inbox."""
        # Checked against nobody's secret: unknown and wrong take the same time.
        await self._credentials.refuse(knock.charge_point, knock.secret)
        if self._arrivals is None:
            return None
        certificate = knock.certificate is not None and knock.secret is None
        # Whoever shows a certificate alone is registered with it, so it has to be for this very name.
        plausible = not certificate or self._certificate(knock, {knock.charge_point}) is None
        if plausible and await self._arrivals.welcome(knock.charge_point, knock.secret, certificate):
            return await self._credentials.account(knock.charge_point)
        self._arrivals.knocked(
            knock.charge_point,
            knock.address,
            knock.subprotocols,
            secret=knock.secret is not None,
            certificate=certificate,
        )
        return None

    async def _refusal(self, knock: Knock, account: Account, shown: int) -> Refused | None:
        if account.security_profile == 0:
            return None
        if shown == 3:
            return self._certificate(knock, account.names)
        if account.security_profile == 3 and knock.secure:
            await self._credentials.refuse(knock.charge_point, knock.secret)
            return Refused(CERTIFICATE_MISSING)
        if shown < account.security_profile:
            # The right one is not even looked at: a password that came this way may have been read by others.
            await self._credentials.refuse(knock.charge_point, knock.secret)
            return Refused(DOWNGRADE, f"{shown} instead of {account.security_profile}")
        verdict = await self._credentials.verify(knock.charge_point, knock.secret)
        return None if verdict is Verdict.ACCEPTED else Refused(CREDENTIALS)

    def _certificate(self, knock: Knock, names: Collection[str]) -> Refused | None:
        assert knock.certificate is not None
        reason, detail = self._trust().check(
            knock.certificate, names, self._organisations, self._clock.now(), self._revoked()
        )
        return None if reason is None else Refused(str(reason), detail)

    def connected(self, socket: Socket, admitted: Admitted, subprotocol: str) -> None:
        self._connect(socket, admitted, subprotocol)


def _shows(knock: Knock, account: Account) -> int:
    """The profile of a connection. A station of profile 2 may show a certificate that is for something else."""
    if knock.certificate is not None and (account.security_profile == 3 or knock.secret is None):
        return 3
    return 2 if knock.secure else 1
