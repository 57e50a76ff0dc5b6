"""`raycharge admin …`: users, charge points and tokens, written straight into the SQL store.

Works while Raycharge runs (which is told of each change at once) and while it does not.
"""

from __future__ import annotations

from typing import Annotated

import typer

from api.command_line.books import Books, with_books, with_books_settings
from api.command_line.people import Password, fresh_password, people
from api.command_line.pki import pki

admin = typer.Typer(help="Users, charge points and tokens.", no_args_is_help=True, rich_markup_mode=None)

admin.add_typer(pki, name="pki")
admin.add_typer(people)

PasswordHex = Annotated[str, typer.Option(help="The password as hexadecimal bytes: 1.6's AuthorizationKey.")]
Profile = Annotated[
    int | None,
    typer.Option(min=0, max=3, help="Security profile: 1 password, 2 password over TLS, 3 client certificate."),
]
CertificateName = Annotated[
    str | None, typer.Option(help="Common name of its client certificate, if not its id: its serial number.")
]


@admin.command("add-charge-point")
def add_charge_point(
    charge_point_id: str,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    isolation: Annotated[str, typer.Option(help="shared, or dedicated: an actor process of its own.")] = "shared",
    password: Password = "",
    password_hex: PasswordHex = "",
    no_password: Annotated[bool, typer.Option(help="Let it in without any, for chargers that cannot.")] = False,
    security_profile: Profile = None,
    certificate_name: CertificateName = None,
    station: Annotated[str, typer.Option(help="Where it stands.")] = "default",
) -> None:
    """Let a charger connect: register it, with a password for HTTP basic authentication."""
    if sum(map(bool, (password, password_hex, no_password))) > 1:
        raise typer.BadParameter("One of --password, --password-hex and --no-password.")
    chosen = None if no_password or security_profile in (0, 3) else password or fresh_password()

    async def work(books: Books) -> None:
        from engine.security.secrets import secret_of_hex
        from engine.stores.installation_key import InstallationKey
        from engine.stores.registry import NewChargePoint, Registry

        registry = Registry(books.database, books.feed, InstallationKey.load(books.settings.data_dir))
        new = NewChargePoint(
            charge_point_id,
            name,
            isolation=isolation,
            security_profile=security_profile,
            certificate_name=certificate_name,
            station_id=station,
        )
        await registry.create(new, secret_of_hex(password_hex) if password_hex else chosen)

    settings = with_books_settings(work)
    secure = security_profile in (2, 3)
    address = f"wss://HOST:{settings.ocpp_tls_port}" if secure else f"ws://HOST:{settings.ocpp_port}"
    typer.echo(f"{charge_point_id} may connect to {address}/ocpp/{charge_point_id}")
    if chosen is not None and not password and not password_hex:
        typer.echo(f"User name {charge_point_id}, password {chosen} (kept only as a hash: note it now).")


@admin.command("set-security")
def set_security(
    charge_point_id: str,
    security_profile: Profile = None,
    certificate_name: CertificateName = None,
    password: Annotated[str, typer.Option(help="A new one, valid at once and alone.")] = "",
    password_hex: PasswordHex = "",
) -> None:
    """Change how a charger proves who it is: also the way back to a lower security profile."""
    if password and password_hex:
        raise typer.BadParameter("One of --password and --password-hex.")

    async def work(books: Books) -> str:
        from engine.security.secrets import secret_of_hex
        from engine.stores.installation_key import InstallationKey
        from engine.stores.registry import Registry

        registry = Registry(books.database, books.feed, InstallationKey.load(books.settings.data_dir))
        if password or password_hex:
            await registry.set_secret(charge_point_id, secret_of_hex(password_hex) if password_hex else password)
        changed = await registry.update(
            charge_point_id, security_profile=security_profile, certificate_name=certificate_name
        )
        return f"{changed.id} has security profile {changed.security_profile}."

    typer.echo(with_books(work))


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
        from engine.stores.tokens.repository import Tokens
        from engine.stores.tokens.token import Token

        await Tokens(books.database, books.feed).put(Token(id_token, kind, group_id=group, label=note))

    with_books(work)
    typer.echo(f"{id_token} may charge.")
