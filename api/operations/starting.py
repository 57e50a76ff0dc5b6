"""Carries out a driver's wish to charge: where, by which token, under which terms; and shows how it stands."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace

from api.operations.watching import charging_now, where_of
from api.schemas.starts import ChargingOut, Price
from api.web.context import Context
from engine.access.scope import EVERYWHERE, Scope
from engine.clock import SECOND
from engine.errors import Conflict, NotFound
from engine.payments.cashier import Cashier
from engine.starts.runner import StartRunner
from engine.starts.standing import forgetting_in, standing_in
from engine.starts.surroundings import Surroundings
from engine.stores.drivers.driver import Driver
from engine.stores.payments.policies import Policy, default_policy
from engine.stores.places.connectors import Described
from engine.stores.sessions import LedgerReader, SessionRow
from engine.stores.starts import NewStart, StartRow
from engine.stores.tokens.repository import TokenFilter
from engine.stores.tokens.token import AD_HOC, APP, Token
from engine.tariffs.held import Terms

LASTS = 3600 * SECOND
"""How much longer than payment and plugging in an ad hoc token may be used to begin; its start ends it before."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A connector at which somebody wants to charge. `described` is None where no operator has described it."""

    network: str
    station: str
    charge_point: str
    evse: int
    connector: int
    described: Described | None = None


def digest_of(secret: str) -> str:
    """How a start's secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _nowhere() -> NotFound:
    return NotFound(
        "There is no such connector to charge at.", field="code", remedy="Read the code on the charger again."
    )


class Starting:
    """For one request."""

    def __init__(self, here: Context) -> None:
        self._here, self._business = here, here.ports.business
        business, fleet = here.ports.business, here.ports.fleet
        surroundings = Surroundings(business.database, fleet, business.payments, standing_in(business))
        forget = forgetting_in(business)
        self._runner = StartRunner(business.starts, surroundings, fleet, business.owed, business.clock, forget)

    # where -----------------------------------------------------------------------------------------------------------

    async def spot_of_code(self, code: str) -> Spot:
        """Raises NotFound for codes of nothing that is offered to drivers."""
        found = await self._business.connectors.by_code(code)
        return await self._spot(found.charge_point, found.connector.evse, found.connector.connector, found)

    async def spot(self, charge_point: str, evse: int, connector: int, scope: Scope) -> Spot:
        """Raises NotFound also outside of the scope."""
        spot = await self._spot(charge_point, evse, connector, None)
        if not scope.covers(spot.network):
            raise _nowhere()
        return spot

    async def _spot(self, charge_point: str, evse: int, connector: int, described: Described | None) -> Spot:
        place = self._business.places.place(charge_point)
        if place is None and await self._business.whereabouts.network_of(charge_point) is not None:
            # Registered a moment ago.
            await self._business.places.read()
            place = self._business.places.place(charge_point)
        if place is None or not place.offered:
            raise _nowhere()
        return Spot(place.network, place.station, place.charge_point, evse, connector, described)

    # under which terms -----------------------------------------------------------------------------------------------

    def terms(self, spot: Spot) -> Terms:
        """What is charged here now, for somebody of no group."""
        held = self._business.tariff_book.held
        return held.terms(spot.charge_point, spot.evse, spot.connector, "", self._business.clock.now())

    async def policy(self, spot: Spot, kind: str) -> Policy:
        """The network's. Where nothing is charged nobody pays; amounts are in the tariff's currency."""
        policy = await self._business.payment_policies.of(spot.network)
        tariff = self.terms(spot).tariff
        if tariff is None:
            return replace(policy, required="nobody")
        if tariff.currency != policy.currency:
            usual = default_policy(spot.network, tariff.currency)
            policy = replace(policy, currency=usual.currency, hold=usual.hold, step=usual.step, ceiling=usual.ceiling)
        if policy.needs_payment(kind) and self._here.ports.payment_provider is None:
            raise Conflict(
                "No payments are taken here at the moment.",
                field="code",
                remedy="Use a card or an app of the operator.",
            )
        return policy

    # the start -------------------------------------------------------------------------------------------------------

    async def for_driver(self, me: Driver, spot: Spot, id_token: str | None, key: str, return_url: str) -> StartRow:
        """The driver's start here; the one that there is already where it is asked for twice."""
        place = spot.charge_point, spot.evse, spot.connector
        for current in await self._business.starts.current(me.id):
            if (current.charge_point, current.evse, current.connector) == place:
                return current
        new = NewStart(
            spot.network,
            "app",
            *place,
            await self._token(me, id_token),
            "Central",
            me.id,
            key=f"{me.id}:{key}" if key else None,
            description=f"Charging at {spot.charge_point}",
            return_url=return_url,
        )
        return await self._begin(new, await self.policy(spot, "app"))

    async def _token(self, me: Driver, id_token: str | None) -> str:
        """One of the driver's own; without a name the app's, which every driver has."""
        for token in await self._business.tokens.every(TokenFilter(driver=me.id), EVERYWHERE, 100):
            if token.folded == id_token.lower() if id_token is not None else token.kind == APP:
                return token.id_token
        raise NotFound("You have no such token.", field="id_token", remedy="Use one of your own, or leave it out.")

    async def ad_hoc(self, spot: Spot, return_url: str, chosen: str = "") -> tuple[StartRow, str]:
        """Somebody without an account: a token for this start alone. The start, and the secret to follow it by; with
        one that was `chosen` before, the start that there is already.
        """
        secret = chosen or secrets.token_urlsafe(24)
        with suppress(NotFound):
            return await self._business.starts.of_secret(digest_of(secret)), secret
        policy = await self.policy(spot, "ad_hoc")
        until = self._business.clock.now() + (policy.pay_within_s + policy.plug_in_within_s) * SECOND + LASTS
        token = Token(f"AH{secrets.token_hex(9).upper()}", AD_HOC, network=spot.network, max_sessions=1, expires=until)
        await self._business.tokens.put(token)
        new = NewStart(
            spot.network,
            "ad_hoc",
            spot.charge_point,
            spot.evse,
            spot.connector,
            token.id_token,
            "Central",
            key=f"ad hoc:{digest_of(secret)}",
            secret_hash=digest_of(secret),
            description=f"Charging at {spot.charge_point}",
            return_url=return_url,
        )
        return await self._begin(new, policy), secret

    async def _begin(self, new: NewStart, policy: Policy) -> StartRow:
        """Written down, and as far as it goes at once: to its end, or to the provider's page."""
        start = await self._runner.prepare((await self._business.starts.create(new, policy)).id)
        provider = self._here.ports.payment_provider
        if start.state == "paying" and provider is not None:
            await Cashier(self._business.payment_desk, self._business.payments, provider).settle(start.payment)
        return start

    # how it stands ---------------------------------------------------------------------------------------------------

    async def shown(self, start: StartRow) -> ChargingOut:
        """The start with its session, payment and price."""
        payment = await self._business.payments.get(start.payment) if start.payment else None
        session, price, receipt = None, None, ""
        if start.session:
            session = await self._session(start.session)
            owed = await self._business.owed.of(start.session)
            if owed is not None and owed.currency:
                price, receipt = Price(owed.amount, owed.currency, True), owed.receipt
            elif (running := await self._business.owed.running(start.session)) is not None:
                price = Price(running.amount, running.currency, False)
        now = self._business.clock.now()
        shown = ChargingOut.of(start, now, session=session, payment=payment, price=price, receipt=receipt)
        shown.where = await where_of(self._here, start)
        if start.session and start.state != "ended":
            shown.live = charging_now((await self._here.views([start.charge_point])).get(start.charge_point), start)
        return shown

    async def _session(self, session: str) -> SessionRow | None:
        """None while the ledger has not come so far."""
        try:
            return await LedgerReader(self._business.database).session(session)
        except NotFound:
            return None
