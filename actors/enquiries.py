"""Asks a provider what a station wants to know, outside of any machine: the machine steps with the answer in hand.

A provider that fails, or does not answer in time, leaves the specified negative answer in place; the station is told
at all events, and nothing else on its connection waits for it but later answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from engine.charging.kept.notices import Enquiry
from engine.enquiries.port import Content, Provider, Unanswered
from engine.errors import Unavailable

log = structlog.get_logger("enquiries")

PATIENCE_S = 20.0
"""How long a provider may take: less than stations wait for an answer (30 s is usual)."""

AT_ONCE = 4
"""Enquiries of one connection under way; a station that asks more at once is told no."""


class Enquiries:
    """The providers of this host, by kind of enquiry."""

    def __init__(self, providers: Mapping[str, Provider] | None = None, *, patience_s: float = PATIENCE_S) -> None:
        self._providers = dict(providers or {})
        self._patience_s = patience_s

    def knows(self, enquiry: Enquiry) -> bool:
        """Whether there is somebody to ask."""
        return enquiry.kind in self._providers

    async def answered(
        self, charge_point: str, enquiry: Enquiry, may_answer: Callable[[str, Content], bool]
    ) -> Enquiry:
        """The enquiry with its answer, if that `may_answer` in the station's version. Never raises."""
        provider = self._providers[enquiry.kind]
        try:
            answer = await asyncio.wait_for(provider.answer(charge_point, enquiry.content), self._patience_s)
            if not may_answer(enquiry.kind, answer):
                raise Unanswered("The provider's answer is none that the station's version of OCPP has.")
        except (Unanswered, Unavailable, TimeoutError) as error:
            why = str(error) or "no answer in time"
            log.warning("enquiry_unanswered", charge_point=charge_point, kind=enquiry.kind, why=why)
            return enquiry
        except Exception as error:
            log.error("enquiry_failed", charge_point=charge_point, kind=enquiry.kind, exc_info=error)
            return enquiry
        return replace(enquiry, answer=answer, answered=True)

    async def aclose(self) -> None:
        """Let go of the providers' connections."""
        for provider in self._providers.values():
            await provider.aclose()
