"""The command `raycharge`. Everything heavy is imported inside the command that needs it, so that --help is quick."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from api.command_line.admin import admin

if TYPE_CHECKING:
    from actors.cluster import Beside, Cluster, Progress
    from engine.settings import Settings

app = typer.Typer(
    name="raycharge",
    help="An EV charging management system: an actor-model real-time engine on Ray. Settings: RAYCHARGE_* variables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(admin, name="admin")
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

T = TypeVar("T")
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything durable lives (RAYCHARGE_DATA_DIR).")
]


def main() -> None:
    """The console script. Exit codes: 0 done, 1 not done, 2 a mistake in settings or arguments, 130 interrupted."""
    with speaking_errors():
        app()


@contextmanager
def speaking_errors() -> Iterator[None]:
    """Errors raised on purpose become one red line with the remedy; anything else keeps its traceback."""
    from pydantic import ValidationError

    from engine.errors import ConfigurationError, InvalidInput, RaychargeError

    try:
        yield
    except ValidationError as error:
        for each in error.errors():
            name = "RAYCHARGE_" + "_".join(map(str, each["loc"])).upper()
            err.print(f"[bold red]{name}[/]: {each['msg']} (it is {each['input']!r}).", markup=True)
        sys.exit(2)
    except InvalidInput as error:
        err.print(f"[bold red]{error.field or 'Refused'}[/]: ", end="")
        err.print(f"{error.message} {error.remedy}", markup=False)
        sys.exit(2)
    except RaychargeError as error:
        err.print("[bold red]Raycharge cannot do this:[/] ", end="")
        err.print(str(error), markup=False)
        sys.exit(2 if isinstance(error, ConfigurationError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)


def settings_with(**changes: object) -> Settings:
    """The environment's settings with what the command line says instead; None and 0 say nothing.

    Set in the environment, because the processes that come out of this one read them there.
    """
    from engine.settings import Settings

    for name, value in changes.items():
        if value:
            os.environ[f"RAYCHARGE_{name.upper()}"] = str(value)
    return Settings()


def only_warnings() -> None:
    """Until logging is set up for good (into files), let libraries and our own log say only what went wrong."""
    import logging

    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine on a uvloop."""
    import uvloop

    only_warnings()
    return uvloop.run(work)


@app.command()
def up(
    demo: Annotated[int, typer.Option(min=0, help="So many simulated chargers beside the system.")] = 0,
    data_dir: DataDir = None,
    bind: Annotated[str, typer.Option(help="Address to listen on (RAYCHARGE_BIND).")] = "",
    ocpp_port: Annotated[int, typer.Option(help="RAYCHARGE_OCPP_PORT")] = 0,
    api_port: Annotated[int, typer.Option(help="RAYCHARGE_API_PORT")] = 0,
    clickhouse_port: Annotated[int, typer.Option(help="RAYCHARGE_CLICKHOUSE_PORT")] = 0,
    hosts: Annotated[int, typer.Option(help="RAYCHARGE_HOSTS")] = 0,
) -> None:
    """Start everything on this machine and run until Ctrl-C or SIGTERM, which ends all of it in order."""
    settings = settings_with(
        demo=demo,
        data_dir=data_dir.absolute() if data_dir else None,
        bind=bind,
        ocpp_port=ocpp_port,
        api_port=api_port,
        clickhouse_port=clickhouse_port,
        hosts=hosts,
    )
    out.print(f"Raycharge {_version()} on {settings.data_dir.absolute()}", style="bold")
    from actors.cluster import up as bring_up

    def tell(progress: Progress) -> None:
        mark = "[green]✓[/]" if progress.done else "[dim]·[/]"
        out.print(f" {mark} ", end="")
        out.print(progress.text, markup=False)

    beside: Beside | None = None
    if settings.demo:
        from api.demo import run_demo

        beside = run_demo
    run(bring_up(settings, tell, lambda cluster: out.print(_welcome(cluster)), beside))


def _welcome(cluster: Cluster) -> Any:
    """The panel with the addresses, and the first admin's login if this start made one."""
    from rich.panel import Panel
    from rich.text import Text

    from actors.gateway.tls_material import TlsFiles

    s = cluster.settings
    host = "127.0.0.1" if s.bind in ("0.0.0.0", "::", "") else s.bind
    rows = [
        ("Dashboard", f"http://{host}:{s.api_port}/"),
        ("API", f"http://{host}:{s.api_port}/docs"),
        ("Chargers", f"ws://{host}:{s.ocpp_port}/ocpp/{{charge_point_id}}"),
        ("ClickHouse", s.clickhouse_url.rsplit("@", 1)[-1] or f"http://127.0.0.1:{s.clickhouse_port}/"),
    ]
    if TlsFiles.of(s).configured:
        rows.insert(3, ("  with TLS", f"wss://{host}:{s.ocpp_tls_port}/ocpp/{{charge_point_id}}"))
    if cluster.first_login is not None:
        rows += [("Login", cluster.first_login[0]), ("Password", f"{cluster.first_login[1]}   (shown only now)")]
    else:
        rows.append(("Login", "as before; `raycharge admin reset-password EMAIL` makes a new password"))
    if s.demo:
        rows.append(("Demo", f"{s.demo} simulated chargers: not a production system"))
    rows.append(("Stop", "Ctrl-C"))
    text = Text("\n".join(f"{name:<11}{value}" for name, value in rows))
    return Panel(text, title="Raycharge is up", border_style="green", expand=False)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def simulate(context: typer.Context) -> None:
    """Run simulated chargers against an endpoint. `raycharge simulate --help` lists the options."""
    from loadtest.fleet import main as fleet

    arguments = context.args
    if "--url" not in arguments and "--help" not in arguments:
        arguments = ["--url", f"ws://127.0.0.1:{settings_with().ocpp_port}/ocpp", *arguments]
    sys.argv[0] = "raycharge simulate"
    raise typer.Exit(fleet(arguments))


@app.command()
def actors(
    email: Annotated[str, typer.Option(envvar="RAYCHARGE_EMAIL", help="Who asks.")] = "admin@raycharge.local",
    password: Annotated[str, typer.Option(envvar="RAYCHARGE_PASSWORD", help="Asked for if it is not given.")] = "",
    url: Annotated[str, typer.Option(help="The façade; by default the one on this machine.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the hosts and the logical actors in them: mailbox, epoch, connection."""
    from api.command_line.actors import fetch, table

    base = url.rstrip("/") or f"http://127.0.0.1:{settings_with().api_port}"
    password = password or os.environ.get("RAYCHARGE_ADMIN_PASSWORD", "")
    password = password or typer.prompt(f"Password of {email}", hide_input=True, err=True)
    hosts = fetch(base, email, password)
    if as_json:
        typer.echo(json.dumps(hosts, indent=1))
    else:
        out.print(table(hosts))


@app.command()
def doctor(
    chargers: Annotated[int, typer.Option(min=1, help="How many chargers will be connected at once.")] = 1000,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check ports, stores and their durability, file limit, clock, disk and memory, and say what to do about each."""
    from actors.doctor import examine

    checks = asyncio.run(examine(settings_with(data_dir=data_dir), chargers))
    if as_json:
        typer.echo(json.dumps([check._asdict() for check in checks], indent=1))
    else:
        out.print(_findings(checks))
    raise typer.Exit(int(any(check.level == "fail" for check in checks)))


def _findings(checks: list[Any]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    colours = {"ok": "green", "warn": "yellow", "fail": "bold red"}
    table = Table(box=None, pad_edge=False)
    for column in ("Check", "", "Finding", "What to do"):
        table.add_column(column, overflow="fold")
    for check in checks:
        level = f"[{colours[check.level]}]{check.level.upper()}[/]"
        table.add_row(escape(check.name), level, escape(check.finding), escape(check.remedy))
    return table


@app.command()
def bench(name: Annotated[str, typer.Argument(help="ingest, memory, crash …; all without a name.")] = "") -> None:
    """Run all benchmarks or one: a table for people, then one JSON object as the last line."""
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks", *([name] if name else [])])


@app.command()
def version() -> None:
    """Print the release."""
    typer.echo(_version())


def _version() -> str:
    from importlib.metadata import version as installed

    return installed("raycharge")


if __name__ == "__main__":
    main()
