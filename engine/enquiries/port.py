"""A provider answers one kind of enquiry; the actor layer asks it outside of any machine (`actors/enquiries.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from engine.errors import RaychargeError

Content = Mapping[str, Any]


class Unanswered(RaychargeError):
    """The provider has no answer to this enquiry: the station gets the negative one, with this text as the reason."""


class Provider(Protocol):
    """Whoever knows. It is asked at most a few times at once for each connection, and not for ever."""

    async def answer(self, charge_point: str, content: Content) -> Content:
        """The CALLRESULT's payload to an enquiry with this payload. Raises Unanswered, Unavailable."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
