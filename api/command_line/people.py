"""`raycharge admin …` for people: accounts of the staff, their roles, and the ways back in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from api.command_line.books import Books, with_books

if TYPE_CHECKING:
    from engine.stores.people.directory import People

people = typer.Typer(rich_markup_mode=None)

Password = Annotated[str, typer.Option(help="One is made and printed if it is not given.")]
Role = Annotated[
    str, typer.Option(help="admin, operations, support, finance, analyst, partner, or the id of your own.")
]
Network = Annotated[str, typer.Option(help="Only in this network; without it in the whole installation.")]
DriverOf = Annotated[str, typer.Option(help="A driver of this network, and not somebody of the staff.")]


def fresh_password() -> str:
    """Unguessable, and typed in by hand without confusion: 20 characters of URL-safe base64."""
    return secrets.token_urlsafe(15)


def people_of(books: Books) -> People:
    """The repositories, over the books that are open."""
    from engine.clock import SystemClock
    from engine.stores.installation_key import InstallationKey
    from engine.stores.passwords import Passwords
    from engine.stores.people.directory import open_people

    key = InstallationKey.load(books.settings.data_dir)
    return open_people(books.database, books.feed, key, Passwords(), SystemClock())


@people.command("create-user")
def create_user(
    email: str,
    role: Role = "admin",
    network: Network = "",
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    password: Password = "",
) -> None:
    """Let somebody log in, with one role."""
    chosen = password or fresh_password()

    async def work(books: Books) -> None:
        from engine.access.grants import SYSTEM_POWER
        from engine.stores.people.accounts import NewAccount

        await _known_role(books, role)
        new = NewAccount(email, name, chosen, roles=[(role, network or None)])
        await people_of(books).accounts.create(new, SYSTEM_POWER)

    with_books(work)
    where = f" in {network}" if network else ""
    typer.echo(f"{email} may log in as {role}{where}." + ("" if password else f" Password: {chosen}"))


@people.command("list-users")
def list_users(network: Network = "") -> None:
    """Who may log in, and with which roles."""

    async def work(books: Books) -> list[str]:
        from engine.access.scope import EVERYWHERE
        from engine.stores.listing import Wanted
        from engine.stores.people.accounts import AccountFilter

        accounts, lines, cursor = people_of(books).accounts, [], None
        while True:
            page = await accounts.page(
                AccountFilter(kind="staff", network=network or None), EVERYWHERE, Wanted(cursor=cursor, limit=500)
            )
            for known in page.items:
                roles = ", ".join(role.name + (f" in {role.network}" if role.network else "") for role in known.roles)
                lines.append(f"{known.account.email}  {roles or 'no role'}" + ("  disabled" * known.account.disabled))
            cursor = page.cursor
            if cursor is None:
                return lines

    for line in with_books(work):
        typer.echo(line)


@people.command("grant-role")
def grant_role(
    email: str, role: Annotated[str, typer.Argument(help="As for create-user.")], network: Network = ""
) -> None:
    """Give somebody another role, in one network or in the whole installation."""

    async def work(books: Books) -> None:
        from engine.access.grants import SYSTEM_POWER

        await _known_role(books, role)
        directory = people_of(books)
        account = await directory.accounts.by_email(email)
        await directory.granting.grant(account.id, role, network or None, SYSTEM_POWER)

    with_books(work)
    typer.echo(f"{email} is {role} now" + (f" in {network}." if network else "."))


@people.command("withdraw-role")
def withdraw_role(email: str, role: str, network: Network = "") -> None:
    """Take a role away from somebody. Somebody must stay who administers the installation."""

    async def work(books: Books) -> None:
        from engine.access.grants import SYSTEM_POWER
        from engine.errors import NotFound

        directory = people_of(books)
        known = await directory.accounts.get((await directory.accounts.by_email(email)).id)
        held = [each for each in known.roles if (each.role, each.network) == (role, network or None)]
        if not held:
            raise NotFound(f"{email} does not have this role there.", field="role", remedy="See list-users.")
        await directory.granting.withdraw(known.account.id, held[0].id, SYSTEM_POWER)

    with_books(work)
    typer.echo(f"{email} is {role} no more" + (f" in {network}." if network else "."))


@people.command("disable-user")
def disable_user(
    email: str, driver_of: DriverOf = "", enable: Annotated[bool, typer.Option(help="The way back.")] = False
) -> None:
    """Let somebody in no more; their logins and API keys end at once."""

    async def work(books: Books) -> None:
        from engine.access.grants import SYSTEM_POWER

        accounts = people_of(books).accounts
        account = await accounts.by_email(email, driver_of or None)
        await accounts.change(account.id, {"disabled": not enable}, SYSTEM_POWER)

    with_books(work)
    typer.echo(f"{email} may log in again." if enable else f"{email} may log in no more.")


@people.command("reset-password")
def reset_password(email: str, password: Password = "", driver_of: DriverOf = "") -> None:
    """Give somebody a new password; all their logins end."""
    chosen = password or fresh_password()

    async def work(books: Books) -> None:
        directory = people_of(books)
        await directory.passwords.set((await directory.accounts.by_email(email, driver_of or None)).id, chosen)

    with_books(work)
    typer.echo(f"The password of {email} is changed." + ("" if password else f" Password: {chosen}"))


@people.command("reset-second-factor")
def reset_second_factor(email: str, driver_of: DriverOf = "") -> None:
    """Take away the second factor of somebody who has lost it; all their logins end."""

    async def work(books: Books) -> None:
        from engine.access.grants import SYSTEM_POWER

        directory = people_of(books)
        account = await directory.accounts.by_email(email, driver_of or None)
        await directory.second_factors.reset(account.id, SYSTEM_POWER)

    with_books(work)
    typer.echo(f"{email} logs in with the password alone until another second factor is set up.")


async def _known_role(books: Books, role: str) -> None:
    from engine.access.roles import ROLES
    from engine.access.scope import EVERYWHERE
    from engine.errors import InvalidInput, NotFound

    try:
        await people_of(books).roles.get(role, EVERYWHERE)
    except NotFound as error:
        built_in = ", ".join(name for name in ROLES if name != "driver")
        raise InvalidInput(
            "There is no such role.", field="role", remedy=f"Use one of {built_in}, or the id of your own."
        ) from error
