"""Runs all checks, so that one that breaks or hangs is a finding itself and hides none of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from actors.doctor import machine, stores, tls
from actors.doctor.findings import Check
from actors.embedded.files import run_folder
from actors.embedded.locks import holders
from actors.embedded.ports import Wanted, is_free, listeners
from actors.gateway.tls_material import TlsFiles
from engine.settings import Settings

TIMEOUT_S = 15.0


async def examine(settings: Settings, chargers: int = 1000) -> list[Check]:
    """All findings, ports and machine first, for so many charge points connected at once. Never raises."""
    looks: list[tuple[str, Callable[[], Iterable[Check]]]] = [
        ("ports", lambda: check_ports(settings)),
        ("Python", machine.check_python),
        ("hot path", machine.check_compiled),
        ("open files", lambda: machine.check_files(chargers)),
        ("memory", lambda: machine.check_memory(settings)),
        ("shared memory", machine.check_shared_memory),
        ("disk", lambda: machine.check_disk(settings.data_dir)),
        ("fsync", lambda: machine.check_fsync(settings.data_dir)),
        ("clock", machine.check_clock),
        ("TLS", lambda: tls.check_tls(settings)),
        ("authority", lambda: tls.check_authority(settings)),
    ]
    work = [_guarded(name, asyncio.to_thread(_listed, look)) for name, look in looks]
    work += [
        _guarded("journal", stores.check_journal(settings)),
        _guarded("SQL", stores.check_sql(settings)),
        _guarded("ClickHouse", stores.check_clickhouse(settings)),
    ]
    return [check for checks in [await each for each in work] for check in checks]


def _listed(look: Callable[[], Iterable[Check]]) -> list[Check]:
    return list(look())


async def _guarded(name: str, checks: Awaitable[list[Check]]) -> list[Check]:
    try:
        return await asyncio.wait_for(checks, TIMEOUT_S)
    except TimeoutError:
        return [Check(name, "fail", f"No answer within {TIMEOUT_S:.0f} s.", "See whether it can be reached.")]
    except Exception as error:  # noqa: BLE001 - whatever a check meets is what the doctor has to tell
        return [Check(name, "fail", f"{type(error).__name__}: {error}", "See to what the message names.")]


def wanted_ports(settings: Settings) -> list[Wanted]:
    """The ports that Raycharge listens on with these settings."""
    wanted = [
        Wanted("RAYCHARGE_OCPP_PORT", settings.bind, settings.ocpp_port),
        Wanted("RAYCHARGE_API_PORT", settings.bind, settings.api_port),
    ]
    if TlsFiles.of(settings).configured:
        wanted.append(Wanted("RAYCHARGE_OCPP_TLS_PORT", settings.bind, settings.ocpp_tls_port))
        if settings.ocpp_legacy_tls_port:
            wanted.append(Wanted("RAYCHARGE_OCPP_LEGACY_TLS_PORT", settings.bind, settings.ocpp_legacy_tls_port))
    if settings.takes_payments == "local":
        wanted.append(Wanted("RAYCHARGE_PAYMENTS_PORT", settings.bind, settings.payments_port))
    if not settings.clickhouse_url:
        wanted.append(Wanted("RAYCHARGE_CLICKHOUSE_PORT", "127.0.0.1", settings.clickhouse_port))
    return wanted


def is_up(settings: Settings) -> bool:
    """Whether a launcher runs on this data folder."""
    return bool(holders(run_folder(settings.data_dir) / "launcher.lock"))


def check_ports(settings: Settings) -> Iterable[Check]:
    """Each port is free, or ours already."""
    up = is_up(settings)
    for setting, bind, port in wanted_ports(settings):
        name, found = f"port {port}", listeners(port)
        who = ", ".join(map(str, found))
        if found and up:
            yield Check(name, "ok", f"In use while Raycharge runs on this data folder: {who}.")
        elif found:
            yield Check(name, "fail", f"Taken by {who}.", f"Stop it, or choose another port with {setting}.")
        elif is_free(bind, port):
            yield Check(name, "ok", f"Free on {bind}.")
        else:
            remedy = f"Set RAYCHARGE_BIND to an address of this machine, or {setting} to a port above 1023."
            yield Check(name, "fail", f"Cannot be bound on {bind}: no such address, or no permission.", remedy)
