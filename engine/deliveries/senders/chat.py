"""Chats, SMS and on-call services by apprise, each by its URL (`slack://…`, `msteams://…`, `twilio://…`).

apprise blocks, so it works in threads, within a time. It is told not to try again by itself, not to follow redirects,
and to read no files; services that act on this very machine are refused.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from engine.deliveries.senders.port import Message, Outcome, Target, failed
from engine.deliveries.senders.receivers import Forbidden, Receivers
from engine.errors import InvalidInput

TIMEOUT_S = 12.0
SOCKET_TIMEOUT_S = 4.0
THREADS = 16
MAX_URL = 2000
_LOCAL = frozenset(
    {
        *("dbus", "qt", "kde", "glib", "gio", "gnome", "macosx", "windows", "syslog", "blink1"),
        *("vapid", "fcm", "mqtt", "mqtts", "amqp", "amqps", "smpp", "smpps"),
    }
)
"""Services of this machine's own desktop and log, and such as read key files of this machine or need other clients."""
_FILES = frozenset({"template", "keyfile", "pgpkey", "config", "attach", "subfile", "key_file", "plugin"})
"""Parameters that name a file or a plugin."""
_NOTIFY = {"critical": "failure", "major": "failure", "minor": "warning", "warning": "warning"}
"""Severity → apprise's word for it."""


class ChatSender:
    """All services of apprise's that a server may use."""

    def __init__(self, receivers: Receivers) -> None:
        self._receivers = receivers
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="apprise")

    async def send(self, target: Target, message: Message) -> Outcome:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                service = await loop.run_in_executor(self._threads, service_of, target.address)
                await self._judge(service)
                return await loop.run_in_executor(self._threads, partial(_notify, service, message))
        except TimeoutError:
            return failed(f"No answer within {TIMEOUT_S:g} s.")
        except InvalidInput as error:
            return failed(f"{error.message} {error.remedy}")
        except (Forbidden, OSError) as error:
            return failed(str(error))

    async def _judge(self, service: Any) -> None:
        """Raise Forbidden if the service's own host may not be reached. Services without one go to their makers."""
        for name in ("smtp_host", "host"):
            host = getattr(service, name, None)
            if isinstance(host, str) and host and _is_host_of(service, name):
                port = getattr(service, "port", None)
                await self._receivers.resolve(host, port if isinstance(port, int) else 443, encrypted=True)
                return

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def service_of(url: str) -> Any:
    """apprise's object for a URL. Raises InvalidInput for one that apprise, or we, will not use.

    The first call in a process loads all services of apprise's, which takes a second: call it in a thread.
    """
    scheme = url.partition("://")[0].strip().lower()
    if len(url) > MAX_URL or not url.isprintable():
        raise InvalidInput("This is no address of a service.", field="address", remedy="See apprise's list of them.")
    if scheme in _LOCAL:
        raise InvalidInput(
            f"{scheme}:// is not for servers.",
            field="address",
            remedy="Use a service that is reached over the network.",
        )
    if named := _FILES & {name.lower() for name in parse_qs(urlsplit(url).query, keep_blank_values=True)}:
        raise InvalidInput(f"The parameter {min(named)!r} is not allowed.", field="address", remedy="Leave it out.")
    # Here, because hosts come by this module, and have no use for it.
    import apprise

    asset = apprise.AppriseAsset(
        app_id="Raycharge",
        app_desc="Raycharge",
        app_url="",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        service_timeout=TIMEOUT_S,
        allow_templates=False,
        secure_logging=True,
        http_redirects=False,
        default_service_retry=0,
    )
    service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is None:
        raise InvalidInput(
            "apprise does not know this address, or something is missing in it.",
            field="address",
            remedy="Give a URL such as slack://TokenA/TokenB/TokenC or json://host/path; see apprise's documentation.",
        )
    # What its URL says about retries, redirects and times is ours to say.
    service.service_retry, service.redirects = 0, False
    service.socket_connect_timeout = service.socket_read_timeout = SOCKET_TIMEOUT_S
    return service


def _is_host_of(service: Any, name: str) -> bool:
    """Whether `host` is where it goes: some services have a fixed address and keep a token there."""
    if name == "smtp_host":
        return True
    return any("{host}" in each for each in getattr(service, "templates", ()))


def _notify(service: Any, message: Message) -> Outcome:
    import apprise

    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    # People cannot drop repeats by an id as programs do: so they are told.
    title = f"[perhaps again] {message.subject}" if message.uncertain else message.subject
    kind = apprise.NotifyType(_NOTIFY.get(message.severity, "info"))
    done = sender.notify(body=message.body or message.subject, title=title, notify_type=kind, timeout=TIMEOUT_S)
    if done:
        return Outcome(True)
    said = "; ".join(dict.fromkeys(entry.message for entry in done.logs() if entry.level in ("WARNING", "ERROR")))
    return failed(said or "The service has not taken it.")
