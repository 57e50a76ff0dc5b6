"""Alerts under SIGKILL of the process that watches and of the one that delivers: each told, none twice.

    make bench NAME=alerts            ALERT_STATIONS=20 ALERT_KILLS=20 ALERT_SEED=7 make bench NAME=alerts

The last line is one JSON object: alerts (faults that were acknowledged), delivered (messages that arrived: four for
each alert, opened and resolved, by webhook and by mail), lost, doubled, repeated (came again under its own id),
kills, slowest_s.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from actors.embedded.ports import free_ports
from loadtest.alert_delivery import run
from loadtest.installation import own_installation
from loadtest.receivers import Receivers


class MailBox:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self._letters: list[tuple[str, str]] = []
        (port,) = free_ports(1)
        self._server = Controller(self, hostname="127.0.0.1", port=port)
        self.url = f"smtp://127.0.0.1:{port}"

    def __enter__(self) -> MailBox:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def arrived(self) -> list[tuple[str, str]]:
        """Message-ID and subject of all letters, as often as they came."""
        return list(self._letters)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=default)
        self._letters.append((str(mail["Message-ID"]), str(mail["Subject"])))
        return "250 OK"


def main() -> int:
    """Exit code 1 when anything was lost or doubled."""
    seed = int(os.environ.get("ALERT_SEED", random.randrange(2**32)))
    stations, kills = int(os.environ.get("ALERT_STATIONS", 20)), int(os.environ.get("ALERT_KILLS", 20))
    with MailBox() as mails, Receivers(mails.arrived) as receivers:
        settings = {"HOSTS": "2", "SMTP_URL": mails.url, "PRIVATE_RECEIVERS": "127.0.0.0/8"}
        with own_installation(settings) as system:
            told = asyncio.run(run(system, receivers, stations=stations, kills=kills, seed=seed, pause_s=4.0))
    print(f"{told.alerts} faults, {told.kills} kills, seed {seed}")
    print(json.dumps(told.summary()), flush=True)
    return int(bool(told.lost or told.doubled))


if __name__ == "__main__":
    sys.exit(main())
