"""The configuration of the embedded Valkey, and why each line is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

LONGEST_SOCKET_PATH = 107
"""`sun_path` of a Unix socket holds 108 bytes, the closing NUL included (unix(7))."""

_DURABLE = {
    # Nothing is acknowledged that is not durable: every write is in the file and fsynced before its answer, also while
    # the file is being rewritten.
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    # A write that is torn at the file's end never was answered, since the answer comes after the fsync of the whole:
    # it may be cut off. Refusing to start over it would need a human for nothing. A tear elsewhere still refuses.
    "aof-load-truncated": "yes",
    # The append-only file is the one truth; a dump beside it would only cost forks.
    "save": '""',
}

_QUIET = {
    # A rewrite forks, and a fork stands still for about 10 ms for each GB. So the file may grow to four times what it
    # must hold, and at least to half a GB (some seconds to load), before it is rewritten.
    "auto-aof-rewrite-percentage": "300",
    "auto-aof-rewrite-min-size": "512mb",
    "aof-use-rdb-preamble": "yes",
    "aof-rewrite-incremental-fsync": "yes",
    "rdbcompression": "no",
    # What was written is never evicted: a full journal refuses, and the chargers keep and resend.
    "maxmemory-policy": "noeviction",
    # Trimmed journal entries and expired digest sets are freed off the main thread.
    "lazyfree-lazy-eviction": "yes",
    "lazyfree-lazy-expire": "yes",
    "lazyfree-lazy-server-del": "yes",
    "lazyfree-lazy-user-del": "yes",
    "lazyfree-lazy-user-flush": "yes",
    # Huge pages turn each write after a fork into a copy of 2 MB.
    "disable-thp": "yes",
    "io-threads": "1",
    "tcp-backlog": "128",
    "maxclients": "1000",
    "timeout": "0",
    "daemonize": "no",
    "loglevel": "notice",
    "enable-debug-command": "no",
    "enable-module-command": "no",
    # A live dashboard that reads slowly is cut off before it eats the journal's memory.
    "client-output-buffer-limit": "pubsub 32mb 8mb 60",
    # Time to finish when asked to end; nothing has to be saved, as each write is on disk already.
    "shutdown-timeout": "0",
}


def configuration(folder: Path, max_memory_mb: int, *, socket: Path | None, port: int, password: str) -> str:
    """The text of valkey.conf. With `socket` no TCP port is opened; else loopback only, and with the password."""
    where: Mapping[str, str]
    if socket is not None:
        where = {"port": "0", "unixsocket": _quoted(str(socket)), "unixsocketperm": "700"}
    else:
        where = {"port": str(port), "bind": "127.0.0.1", "protected-mode": "yes", "requirepass": _quoted(password)}
    lines = {
        **_DURABLE,
        **_QUIET,
        **where,
        "dir": _quoted(str(folder)),
        "logfile": _quoted(str(folder / "valkey.log")),
        "maxmemory": f"{max_memory_mb}mb",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
