"""`Idempotency-Key` on POST: what is sent twice is carried out once (IETF draft, httpapi-idempotency-key-header).

The key counts per caller and address. Sent again with the same body, it gets the first answer, with the header
`Idempotency-Replayed: true`; with another body 422; while the first is under way 409 with Retry-After. What is answered
401, 403, 404, 405 or 429 was not begun and may be sent again; so may what is answered 503, and a command that it gives
then has the same id, which its host never sends twice. Where a façade dies in the middle, nobody knows whether it was
done: 409 `outcome-unknown`, never a second time.

Without a login there are no keys: whoever guessed one would be given another's answer. Files pass as they come.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.permissions import is_streamed
from api.web.problems import problem, problem_of
from engine.errors import InvalidInput, RaychargeError
from engine.ids import new_id
from engine.stores.keyed_requests import HOLD_S, Answer, Claim, KeyedRequests, Standing

log = structlog.get_logger("api.idempotency")

HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
MAX_ANSWER = 1_048_576
"""A longer answer is not kept; asked again, its outcome is unknown."""

RETRY_AFTER_S = 2
_KEY = re.compile(r'"?([!#-~]{1,255})"?')
_KEPT_HEADERS = ("content-type", "location", "etag", "retry-after")
_NOT_BEGUN = frozenset({401, 403, 404, 405, 429})

_request: ContextVar[list[str] | None] = ContextVar("keyed_request", default=None)


def command_id() -> str:
    """The id for a command that this request gives: the same whenever the request is tried again with its key."""
    named = _request.get()
    return named.pop() if named else new_id()


class Idempotency:
    """Stands inside of the gate and of the body's check: it needs the caller and the whole body in one message."""

    def __init__(self, app: ASGIApp, requests: Callable[[], KeyedRequests]) -> None:
        self._app, self._requests = app, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or is_streamed("POST", scope["path"]):
            await self._app(scope, receive, send)
            return
        given, principal = Headers(scope=scope).get(HEADER), scope["state"].get("principal")
        if given is None or principal is None:
            await self._app(scope, receive, send)
            return
        message = await receive()
        body = message.get("body", b"")
        operation = f"POST {scope['path']}?{scope['query_string'].decode('latin-1')}".removesuffix("?")
        try:
            key, who = _checked(given), f"{principal.kind}:{principal.id}"
            claim = await self._requests().claim(who, operation, key, hashlib.sha256(body).hexdigest())
        except RaychargeError as error:
            await problem_of(error, scope["path"])(scope, receive, send)
            return
        if claim.standing is not Standing.FRESH:
            await _told(claim, scope, receive, send)
            return
        await self._carry_out(claim, scope, _replaying(message, receive), send)

    async def _carry_out(self, claim: Claim, scope: Scope, receive: Receive, send: Send) -> None:
        """Have it answered, keep the answer, and only then give it."""
        messages: list[Message] = []

        async def kept(message: Message) -> None:
            messages.append(message)

        token = _request.set([claim.id])
        renewing = asyncio.create_task(self._renew(claim))
        try:
            await self._app(scope, receive, kept)
        except BaseException:
            with suppress(RaychargeError):
                await asyncio.shield(self._requests().given_up(claim))
            raise
        finally:
            _request.reset(token)
            renewing.cancel()
        try:
            await self._settle(claim, messages)
        except RaychargeError as error:
            # It was done all the same; asked again after a while, its outcome is unknown, and it is not done twice.
            log.warning("answer_not_kept", request=claim.id, error=type(error).__name__)
        for message in messages:
            await send(message)

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(HOLD_S / 3)
            try:
                await self._requests().renew(claim)
            except RaychargeError as error:
                log.warning("hold_not_renewed", request=claim.id, error=type(error).__name__)

    async def _settle(self, claim: Claim, messages: list[Message]) -> None:
        status = messages[0]["status"]
        body = b"".join(message.get("body", b"") for message in messages[1:])
        if status in _NOT_BEGUN:
            await self._requests().dropped(claim)
        elif status == 503:
            await self._requests().released(claim)
        elif status >= 500 or len(body) > MAX_ANSWER:
            await self._requests().given_up(claim)
        else:
            headers = Headers(raw=messages[0]["headers"])
            shown = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
            await self._requests().answered(claim, Answer(status, shown, body))


def _checked(given: str) -> str:
    found = _KEY.fullmatch(given)
    if found is None:
        raise InvalidInput(
            "This is no idempotency key.", field=HEADER, remedy="1 to 255 visible ASCII characters, such as a UUID."
        )
    return found[1]


def _replaying(first: Message, receive: Receive) -> Receive:
    waiting = [first]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


async def _told(claim: Claim, scope: Scope, receive: Receive, send: Send) -> None:
    """What a key is answered that was used before."""
    if claim.answer is not None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in claim.answer.headers.items()]
        headers += [
            (b"content-length", str(len(claim.answer.body)).encode()),
            (REPLAYED.lower().encode(), b"true"),
        ]
        await send({"type": "http.response.start", "status": claim.answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": claim.answer.body})
        return
    path = scope["path"]
    if claim.standing is Standing.OTHER:
        error = InvalidInput(
            "This idempotency key was used for another request.",
            field=HEADER,
            remedy="Use a new key for a new request.",
        )
        await problem_of(error, path)(scope, receive, send)
    elif claim.standing is Standing.RUNNING:
        answer = problem(
            409,
            "in-flight",
            "It is under way",
            "The first request with this idempotency key is not answered yet.",
            path,
            headers={"Retry-After": str(RETRY_AFTER_S)},
            field=HEADER,
            remedy="Ask again with the same key and body.",
        )
        await answer(scope, receive, send)
    else:
        answer = problem(
            409,
            "outcome-unknown",
            "Its outcome is not known",
            "The first request with this idempotency key was broken off, perhaps after it had taken effect.",
            path,
            field=HEADER,
            remedy=f"Look whether it was done (a command is GET /api/v1/commands/{claim.id}), then use a new key.",
        )
        await answer(scope, receive, send)
