"""`raycharge actors`: asks the façade for the hosts and their actors, and draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from rich.markup import escape
from rich.table import Table

from engine.errors import InvalidInput, Unauthenticated, Unavailable


def fetch(base: str, email: str, password: str) -> list[dict[str, Any]]:
    """The hosts as the façade at `base` lists them. Raises Unauthenticated, InvalidInput, Unavailable."""
    try:
        with httpx.Client(base_url=f"{base}/api/v1", timeout=20.0) as client:
            login = client.post("/login", json={"email": email, "password": password})
            if login.status_code in (401, 403):
                raise Unauthenticated("This e-mail address and password do not fit.", field="login")
            answer = client.get("/actors", headers={"Authorization": f"Bearer {_checked(login)['access_token']}"})
            hosts: list[dict[str, Any]] = _checked(answer)["hosts"]
            return hosts
    except httpx.TransportError as error:
        raise Unavailable(f"{base} does not answer ({error}). Is Raycharge up? `raycharge up` starts it.") from error


def _checked(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or problem.get("title") or answer.reason_phrase
    if answer.is_server_error:
        raise Unavailable(f"The façade answers {answer.status_code}: {detail}")
    raise InvalidInput(f"The façade answers {answer.status_code}: {detail}", field=str(problem.get("field", "")))


def table(hosts: Sequence[Mapping[str, Any]]) -> Table:
    """One row a host, and below it one row for each of its actors with the fields that they have."""
    columns = _columns(actor for host in hosts for actor in host.get("actors", ()))
    drawn = Table(box=None, pad_edge=False, title=f"{len(hosts)} hosts, {sum(_size(h) for h in hosts)} actors")
    drawn.add_column("Host")
    for column in columns:
        drawn.add_column(column.replace("_", " "), overflow="fold")
    for host in hosts:
        about = ", ".join(f"{k} {v}" for k, v in host.items() if k not in ("name", "actors") and not _nested(v))
        drawn.add_row(f"[bold]{escape(str(host.get('name', '?')))}[/]", *([escape(about)] if columns else []))
        for actor in host.get("actors", ()):
            drawn.add_row("", *(escape(_shown(actor.get(column))) for column in columns))
    return drawn


def _columns(actors: Any) -> list[str]:
    """The fields of all actors, in the order in which they first appear."""
    return list(dict.fromkeys(key for actor in actors for key, value in actor.items() if not _nested(value)))


def _size(host: Mapping[str, Any]) -> int:
    return len(host.get("actors", ()))


def _nested(value: object) -> bool:
    return isinstance(value, (dict, list))


def _shown(value: object) -> str:
    return "" if value is None else str(value)
