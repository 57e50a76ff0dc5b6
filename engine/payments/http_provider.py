"""A payment provider over HTTP: the local one, or an operator's gateway to a real one that speaks the same few calls.

`POST {base}/v1/payments`, `…/{reference}/raise|capture|void|refund` (with `Idempotency-Key` and a bearer key) and
`GET …/{reference}` answer `{"id", "status", "authorised", "captured", "refunded", "sequence", "reason", "action_url"}`,
or 402 with `{"reason", "payment"}`. Webhooks are `{"id", "payment"}`, signed in `Payment-Signature: t=…,v1=…`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
import orjson

from engine.clock import SECOND
from engine.errors import NotFound, ProviderAway, Unauthenticated
from engine.payments.port import REASONS, Answer, Hint, NewPayment, Refused, Told

TIMEOUT_S = 10.0
BELIEVED_FOR_S = 300
"""How far a webhook's time may be from ours; until then its id is remembered."""

_SIGNED = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


class HttpProvider:
    """One provider at `base_url`. `client` is given by tests that break the line."""

    def __init__(
        self, name: str, base_url: str, api_key: str, webhook_secret: bytes, client: httpx.AsyncClient | None = None
    ) -> None:
        self.name, self._base, self._secret = name, base_url.rstrip("/"), webhook_secret
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._client = client or httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)

    async def authorise(self, key: str, new: NewPayment) -> Answer:
        body = {
            "own_id": new.own_id,
            "amount": _text(new.amount),
            "currency": new.currency,
            "description": new.description,
            "return_url": new.return_url,
        }
        return await self._order(key, "/v1/payments", body)

    async def raise_to(self, key: str, reference: str, amount: Decimal) -> Answer:
        return await self._order(key, f"/v1/payments/{reference}/raise", {"amount": _text(amount)})

    async def capture(self, key: str, reference: str, amount: Decimal) -> Answer:
        return await self._order(key, f"/v1/payments/{reference}/capture", {"amount": _text(amount)})

    async def void(self, key: str, reference: str) -> Answer:
        return await self._order(key, f"/v1/payments/{reference}/void", {})

    async def refund(self, key: str, reference: str, amount: Decimal) -> Answer:
        return await self._order(key, f"/v1/payments/{reference}/refund", {"amount": _text(amount)})

    async def look(self, reference: str) -> Told:
        status, body = await self._call("GET", f"/v1/payments/{reference}")
        if status == 404:
            raise NotFound("The provider knows no such payment.", field="reference")
        return _told(body)

    async def _order(self, key: str, path: str, body: Mapping[str, str]) -> Answer:
        status, answer = await self._call("POST", path, json=body, headers={"Idempotency-Key": key})
        if status == 402:
            reason = str(answer.get("reason", ""))
            return Refused(reason if reason in REASONS else "do_not_honour", _told(answer.get("payment", {})))
        return _told(answer)

    async def _call(self, method: str, path: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
        """Status 2xx, 402 or 404 and the JSON; anything else is the provider's trouble, or a setting of ours."""
        headers = self._headers | more.pop("headers", {})
        try:
            answer = await self._client.request(method, self._base + path, headers=headers, **more)
            if not (answer.is_success or answer.status_code in (402, 404)):
                raise ProviderAway(f"The payment provider answers {answer.status_code}: {answer.text[:200]}")
            body = orjson.loads(answer.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as error:
            raise ProviderAway(f"The payment provider does not answer: {error!r}") from error
        if not isinstance(body, dict):
            raise ProviderAway("The payment provider's answer is no object.")
        return answer.status_code, body

    def hint(self, headers: Mapping[str, str], body: bytes, now: int) -> Hint:
        signed = _SIGNED.fullmatch(headers.get("payment-signature", ""))
        if signed is None or abs(now // SECOND - int(signed[1])) > BELIEVED_FOR_S:
            raise _not_the_providers()
        digest = hmac.new(self._secret, signed[1].encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(digest, signed[2]):
            raise _not_the_providers()
        try:
            told = orjson.loads(body)
            return Hint(str(told["id"])[:200], str(told["payment"])[:200])
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise _not_the_providers() from error

    async def aclose(self) -> None:
        await self._client.aclose()


def _not_the_providers() -> Unauthenticated:
    return Unauthenticated("This is not the payment provider's.", field="Payment-Signature")


def _text(amount: Decimal) -> str:
    return format(amount, "f")


def _told(body: Mapping[str, Any]) -> Told:
    try:
        reason = str(body.get("reason", ""))
        return Told(
            str(body["id"]),
            str(body["status"]),
            Decimal(body["authorised"]),
            Decimal(body["captured"]),
            Decimal(body["refunded"]),
            int(body["sequence"]),
            reason if reason in REASONS or not reason else "do_not_honour",
            str(body.get("action_url", "")),
        )
    except (KeyError, ValueError, TypeError, InvalidOperation) as error:
        raise ProviderAway(f"The payment provider's answer cannot be understood: {error!r}") from error
