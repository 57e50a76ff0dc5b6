"""`raycharge admin pki …`: the installation's own certificate authority, for tests and small operators.

Works on the folder `data/pki` and the SQL store, while Raycharge runs (which hears of revocations at once) or not.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Column, Table

from api.command_line.books import Books, with_books

if TYPE_CHECKING:
    from engine.security.local_authority import LocalAuthority
    from engine.stores.certificates import Certificates

pki = typer.Typer(help="Our own certificate authority.", no_args_is_help=True, rich_markup_mode=None)
out = Console(highlight=False, soft_wrap=True)
T = TypeVar("T")

Hosts = Annotated[list[str] | None, typer.Argument(help="Names and addresses by which chargers reach the gateway.")]


def _with_authority(work: Callable[[LocalAuthority, Certificates, Books], Awaitable[T]]) -> T:
    from engine.security.local_authority import LocalAuthority
    from engine.stores.certificates import Certificates

    async def working(books: Books) -> T:
        book = Certificates(books.database, books.feed)
        settings = books.settings
        return await work(LocalAuthority(settings.pki_folder, settings.organisations, book), book, books)

    return with_books(working)


@pki.command("init")
def init(hosts: Hosts = None) -> None:
    """Make the roots, and the gateway's certificates for the hosts (this machine's names if none is given)."""
    from engine.security.local_authority import initialise
    from engine.settings import Settings

    settings = Settings()
    initialise(settings.pki_folder, settings.organisation)
    typer.echo(f"Roots of {settings.organisation} are in {settings.pki_folder}; keep a copy of that folder safe.")
    server_certificate(hosts or [socket.getfqdn(), "localhost", "127.0.0.1"])


@pki.command("server-certificate")
def server_certificate(hosts: Annotated[list[str], typer.Argument(help="The first is the common name.")]) -> None:
    """Make new keys and certificates for the gateway; a running one takes them into use within seconds."""

    async def work(authority: LocalAuthority, book: Certificates, books: Books) -> list[Path]:
        return await authority.sign_server(hosts, books.settings.tls_folder)

    for path in _with_authority(work):
        typer.echo(f"{path} is for {', '.join(hosts)}.")


@pki.command("sign")
def sign(
    charge_point: str,
    request: Annotated[Path, typer.Argument(help="The station's signing request in PEM.", exists=True)],
    kind: Annotated[str, typer.Option(help="ChargingStationCertificate or V2GCertificate.")] = (
        "ChargingStationCertificate"
    ),
) -> None:
    """Sign a station's request by hand; the certificate is printed."""

    async def work(authority: LocalAuthority, book: Certificates, books: Books) -> str:
        from engine.stores.installation_key import InstallationKey
        from engine.stores.registry import Registry

        registry = Registry(books.database, books.feed, InstallationKey.load(books.settings.data_dir))
        known = await registry.get(charge_point)
        names = {known.id, known.certificate_name or known.id}
        return (await authority.sign(known.id, names, request.read_text(), kind)).chain

    typer.echo(_with_authority(work), nl=False)


@pki.command("show")
def show(
    charge_point: Annotated[str, typer.Option(help="Only this one's certificates.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
) -> None:
    """The roots, and what they have signed."""

    async def work(authority: LocalAuthority, book: Certificates, books: Books) -> Table:
        from engine.clock import to_iso

        for root in authority.roots:
            out.print(f"{root.subject.rfc4514_string()}, until {root.not_valid_after_utc:%Y-%m-%d}")
        table = Table(Column("serial number", no_wrap=True), "subject", "charge point", "kind", "until", "revoked")
        page = await book.page(charge_point=charge_point or None, limit=limit)
        for row in page.items:
            revoked = "" if row.revoked is None else f"{to_iso(row.revoked)} {row.revocation_reason}"
            table.add_row(
                row.serial_number, row.subject, row.charge_point, row.kind, to_iso(row.not_after)[:10], revoked
            )
        return table

    out.print(_with_authority(work))


@pki.command("revoke")
def revoke(
    serial_number: str,
    reason: Annotated[str, typer.Option(help="keyCompromise, superseded, cessationOfOperation, …")] = "unspecified",
) -> None:
    """Make a certificate void for ever; connections that are open stay."""

    async def work(authority: LocalAuthority, book: Certificates, books: Books) -> str:
        return (await authority.revoke(serial_number, reason)).subject

    typer.echo(f"{_with_authority(work)} is revoked.")


@pki.command("export")
def export(
    to: Annotated[Path | None, typer.Argument(help="A file; printed if none is given.")] = None,
) -> None:
    """The roots as PEM: what chargers are to trust (InstallCertificate, CentralSystemRootCertificate)."""
    from engine.errors import ConfigurationError
    from engine.security.presence import roots_file
    from engine.settings import Settings

    path = roots_file(Settings().pki_folder)
    if not path.exists():
        raise ConfigurationError("There is no certificate authority. Run: raycharge admin pki init")
    if to is None:
        typer.echo(path.read_text(), nl=False)
    else:
        to.write_bytes(path.read_bytes())
        typer.echo(f"{to} holds our roots.")
