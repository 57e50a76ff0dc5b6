"""Receivers beside a running installation: a webhook's, which keeps and counts what comes in, and somebody's mail."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Letter = tuple[str, str]
"""Message-ID and subject."""


class Receivers:
    """`with Receivers(arrived) as receivers:` takes webhooks at `url`.

    `hooks` has each message by its `webhook-id`, `times` says how often it has come; `arrived` gives all letters that a
    mail server has taken, as often as it has.
    """

    def __init__(self, arrived: Callable[[], Sequence[Letter]]) -> None:
        self.hooks: dict[str, dict[str, Any]] = {}
        self.times: Counter[str] = Counter()
        self.arrived = arrived
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Receivers:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def took(self, id: str, body: bytes) -> None:
        """A webhook has come."""
        message = json.loads(body)
        with self._lock:
            self.hooks[id] = message
            self.times[id] += 1


def _handler(receivers: Receivers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receivers.took(self.headers["webhook-id"], body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler
