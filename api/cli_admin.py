"""`raycharge admin …`: users, charge points and tokens, written straight into the SQL store.

Works while Raycharge runs (which is told of each change at once) and while it does not.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import typer

if TYPE_CHECKING:
    from engine.settings import Settings
    from engine.stores.changes import ChangeFeed
    from engine.stores.sql.engine import Database

admin = typer.Typer(help="Users, charge points and tokens.", no_args_is_help=True, rich_markup_mode=None)

Password = Annotated[str, typer.Option(help="One is made and printed if it is not given.")]
T = TypeVar("T")


class Books(NamedTuple):
    """What the commands below write to."""

    settings: Settings
    database: Database
    feed: ChangeFeed


@asynccontextmanager
async def open_books(settings: Settings) -> AsyncIterator[Books]:
    """The SQL store, migrated, and the feed on which a running system hears of changes."""
    from actors.embedded.valkey import running_url
    from engine.stores.changes import PubSubChangeFeed
    from engine.stores.pubsub import MemoryPubSub, RedisPubSub
    from engine.stores.sql.engine import connect
    from engine.stores.sql.migrations import upgrade

    await upgrade(settings.sql_url)
    database = connect(settings.sql_url, pool_size=1)
    url = settings.redis_url or running_url(settings.data_dir)
    bus = RedisPubSub.from_url(url) if url else MemoryPubSub()
    try:
        yield Books(settings, database, PubSubChangeFeed(bus))
    finally:
        await bus.aclose()
        await database.aclose()


def with_books(work: Callable[[Books], Awaitable[T]]) -> T:
    """Open the books of the settings, do one thing, close them."""
    from api.cli import run
    from engine.settings import Settings

    async def opened() -> T:
        async with open_books(Settings()) as books:
            return await work(books)

    return run(opened())


def fresh_password() -> str:
    """Unguessable, and typed in by hand without confusion: 20 characters of URL-safe base64."""
    return secrets.token_urlsafe(15)


@admin.command("create-user")
def create_user(
    email: str,
    role: Annotated[str, typer.Option(help="admin, operations, support or analyst.")] = "admin",
    password: Password = "",
) -> None:
    """Let somebody log in."""
    from api.access import PERMISSIONS_OF_ROLE

    roles = sorted(set(PERMISSIONS_OF_ROLE) - {"metrics"})
    if role not in roles:
        raise typer.BadParameter(f"There is no such role. Use one of: {', '.join(roles)}.")
    chosen = password or fresh_password()

    async def work(books: Books) -> None:
        from engine.stores.users import Users

        await Users(books.database).create(email, chosen, role)

    with_books(work)
    typer.echo(f"{email} may log in as {role}." + ("" if password else f" Password: {chosen}"))


@admin.command("reset-password")
def reset_password(email: str, password: Password = "") -> None:
    """Give somebody a new password."""
    chosen = password or fresh_password()

    async def work(books: Books) -> None:
        from engine.stores.users import Users

        users = Users(books.database)
        await users.set_password((await users.by_email(email)).id, chosen)

    with_books(work)
    typer.echo(f"The password of {email} is changed." + ("" if password else f" Password: {chosen}"))


@admin.command("add-charge-point")
def add_charge_point(
    charge_point_id: str,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    isolation: Annotated[str, typer.Option(help="shared, or dedicated: an actor process of its own.")] = "shared",
    password: Password = "",
    no_password: Annotated[bool, typer.Option(help="Let it in without any, for chargers that cannot.")] = False,
) -> None:
    """Let a charger connect: register it, with a password for HTTP basic authentication."""
    if password and no_password:
        raise typer.BadParameter("Either --password or --no-password.")
    chosen = None if no_password else password or fresh_password()

    async def work(books: Books) -> None:
        from engine.stores.installation_key import InstallationKey
        from engine.stores.registry import NewChargePoint, Registry

        registry = Registry(books.database, books.feed, InstallationKey.load(books.settings.data_dir))
        await registry.create(NewChargePoint(charge_point_id, name, isolation=isolation), chosen)

    settings = with_books_settings(work)
    typer.echo(f"{charge_point_id} may connect to ws://HOST:{settings.ocpp_port}/ocpp/{charge_point_id}")
    if chosen is not None and not password:
        typer.echo(f"User name {charge_point_id}, password {chosen} (kept only as a hash: note it now).")


def with_books_settings(work: Callable[[Books], Awaitable[None]]) -> Settings:
    """The same as `with_books`, and the settings that were used."""

    async def working(books: Books) -> Settings:
        await work(books)
        return books.settings

    return with_books(working)


@admin.command("set-admission")
def set_admission(
    charge_point_id: str,
    admission: Annotated[str, typer.Argument(help="accepted, pending or rejected.")],
) -> None:
    """Say how a charger's next boot is answered."""

    async def work(books: Books) -> None:
        from engine.stores.admissions import Admissions
        from engine.stores.installation_key import InstallationKey
        from engine.stores.registry import Registry

        registry = Registry(books.database, books.feed, InstallationKey.load(books.settings.data_dir))
        known = await registry.get(charge_point_id)
        await Admissions(books.database, books.feed).set(known.id, admission)

    with_books(work)
    typer.echo(f"The next boot of {charge_point_id} is answered with {admission}.")


@admin.command("add-token")
def add_token(
    id_token: str,
    kind: Annotated[str, typer.Option(help="RFID, app, …")] = "RFID",
    group: Annotated[str, typer.Option(help="Its parent idTag.")] = "",
    note: Annotated[str, typer.Option(help="Whose it is.")] = "",
) -> None:
    """Let a driver's token charge."""

    async def work(books: Books) -> None:
        from engine.stores.tokens import Token, Tokens

        await Tokens(books.database, books.feed).put(Token(id_token, kind, group_id=group, note=note))

    with_books(work)
    typer.echo(f"{id_token} may charge.")
