"""What a network asks of who wants to charge: who pays before, how much is held, and until when things must happen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal

from sqlalchemy import select

from engine.access.scope import Scope
from engine.clock import Clock
from engine.errors import Changed, InvalidInput, NotFound
from engine.stores.audit import note
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.models import networks
from engine.stores.sql.tables.payments import payment_policies
from engine.tariffs.money import rounded

NOBODY, AD_HOC, ALL = "nobody", "ad_hoc", "all"


@dataclass(frozen=True, slots=True)
class Policy:
    """`required`: payment is needed by nobody, ad hoc starts, or all starts. Amounts in `currency`.

    `hold` is held at first and raised by `step` up to `ceiling` while the running price nears it; where it can be
    raised no more, `stop_at_limit` has the session stopped before it costs more than is held. `pay_within_s`: for the
    payment page. `plug_in_within_s`: from the charger's consent until the transaction begins, below the time in which a
    start can be known as a command's (`MachineConfig.correlation_window_s`).
    """

    network: str
    required: str = AD_HOC
    currency: str = "EUR"
    hold: Decimal = Decimal(30)
    step: Decimal = Decimal(20)
    ceiling: Decimal = Decimal(100)
    stop_at_limit: bool = True
    pay_within_s: int = 600
    plug_in_within_s: int = 120
    version: int = 0

    def needs_payment(self, kind: str) -> bool:
        """Whether a start of this kind (app, ad_hoc) needs one."""
        return self.required == ALL or (self.required == AD_HOC and kind == "ad_hoc")


_SCALE = {"INR": 50, "JPY": 150, "KRW": 1500, "SEK": 10, "NOK": 10, "DKK": 8, "CZK": 25, "HUF": 400, "THB": 40}
"""Roughly how many of a currency buy what one euro does: only for amounts that an operator has not set."""


def default_policy(network: str, currency: str) -> Policy:
    """What holds where nothing was said."""
    scale = _SCALE.get(currency, 1)
    base = Policy(network, currency=currency)
    return replace(base, hold=base.hold * scale, step=base.step * scale, ceiling=base.ceiling * scale)


_COLUMNS = [payment_policies.c[field.name] for field in fields(Policy)]


class PaymentPolicies:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def of(self, network: str) -> Policy:
        """The network's; where nothing was said, the one above in the network's currency."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(select(*_COLUMNS).where(payment_policies.c.network == network))
            ).one_or_none()
            if row is not None:
                return Policy(*row)
            own = select(networks.c.currency).where(networks.c.id == network)
            currency = (await connection.execute(own)).scalar_one_or_none() or "EUR"
        return default_policy(network, currency)

    async def get(self, network: str, scope: Scope) -> Policy:
        """Raises NotFound."""
        scope.need(network)
        async with self._database.read() as connection:
            if (await connection.execute(select(networks.c.id).where(networks.c.id == network))).one_or_none() is None:
                raise NotFound("There is no such network.", field="network", remedy="List what there is for you.")
        return await self.of(network)

    async def put(self, policy: Policy, scope: Scope, *, version: int | None = None) -> Policy:
        """In force for the next start. Raises NotFound, Changed, InvalidInput."""
        _check(policy)
        before = await self.get(policy.network, scope)
        now = self._clock.now()
        async with self._database.write() as connection:
            query = select(payment_policies.c.version).where(payment_policies.c.network == policy.network)
            there = (await connection.execute(query.with_for_update())).scalar_one_or_none() or 0
            if version is not None and version != there:
                raise Changed
            after = replace(policy, version=there + 1)
            values = asdict(after) | {"updated": now}
            statement = upsert(self._database.dialect, payment_policies).values(**values)
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["network"], set_={k: v for k, v in values.items() if k != "network"}
                )
            )
            shown = [{name: str(value) for name, value in asdict(each).items()} for each in (before, after)]
            await note(
                connection,
                now,
                "changed",
                "payment_policy",
                policy.network,
                network=policy.network,
                before=shown[0],
                after=shown[1],
            )
        return after


def _check(policy: Policy) -> None:
    if not Decimal(0) < policy.hold <= policy.ceiling:
        raise InvalidInput(
            "What is held at first is more than nothing and not above the ceiling.",
            field="hold",
            remedy="Lower `hold` or raise `ceiling`.",
        )
    if policy.step <= 0:
        raise InvalidInput("A step is more than nothing.", field="step", remedy="Give an amount above 0.")
    for name, amount in (("hold", policy.hold), ("step", policy.step), ("ceiling", policy.ceiling)):
        if rounded(amount, policy.currency) != amount:
            raise InvalidInput(
                f"{policy.currency} has no such fraction.", field=name, remedy="Give an amount that can be paid."
            )
