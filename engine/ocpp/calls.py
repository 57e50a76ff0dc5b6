"""CALLs to a station, as far as all versions treat them alike: what may be sent, and how its answer is read.

A version makes one `Calls` of its schemas and adds what is its own (`v16/calls.py`, `v2/calls.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.charging.events import CommandOutcome
from engine.charging.messages import Deviated, Json
from engine.errors import InvalidInput, ProtocolError
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.schemas import Flaw, SchemaSet, first_flaw
from engine.ocpp.tolerant import repaired

_ACCEPTED = frozenset({"accepted", "scheduled", "unlocked", "rebootrequired", "acceptedcanceled", "unpublished"})


class Calls:
    """One version's CALLs to stations. `to_station` gives the actions that may be sent; `version` is for people."""

    def __init__(self, version: str, schemas: SchemaSet, to_station: Callable[[], frozenset[str]]) -> None:
        self._version, self._schemas, self.to_station = version, schemas, to_station

    def validate(self, action: str, payload: Json) -> dict[str, Json]:
        """The payload, if the specification allows it. Raises InvalidInput naming field and what would be accepted."""
        if action not in self.to_station():
            raise InvalidInput(
                f"{action[:60]} is no action that OCPP {self._version} sends to a charge point.",
                field="action",
                remedy="Use one of " + ", ".join(sorted(self.to_station())) + ".",
            )
        flaw = first_flaw(self._schemas.request(action).checked, payload)
        if flaw is not None or not isinstance(payload, dict):
            raise self._invalid(action, flaw)
        return payload

    def _invalid(self, action: str, flaw: Flaw | None) -> InvalidInput:
        if flaw is None:
            return InvalidInput(f"{action}'s payload is no object.", field="payload", remedy="Give a JSON object.")
        field = f"payload.{flaw.field}" if flaw.field else "payload"
        if flaw.allowed:
            remedy = "Use one of " + ", ".join(str(value) for value in flaw.allowed) + "."
        elif flaw.text.startswith("is required"):
            remedy = "Give it."
        elif flaw.text.startswith("is not a field"):
            known = self._schemas.request(action).schema.get("properties", {})
            remedy = "Leave it out." + (f" {action} has {', '.join(known)}." if known else "")
        else:
            remedy = f"Give a value of which this is not true: it {flaw.text}."
        return InvalidInput(f"{action}: {field} {flaw.text}.", field=field, remedy=remedy)

    def read_answer(self, action: str, payload: Json, notes: list[Deviated]) -> dict[str, Json]:
        """The station's answer, repaired as far as it can be; what is beyond repair is kept as said, and noted."""
        try:
            schema = self._schemas.response(action)
        except KeyError:
            return payload if isinstance(payload, dict) else {}
        if schema.strict.is_valid(payload) and isinstance(payload, dict):
            return payload
        try:
            return repaired(action, payload, schema, notes, {})
        except ProtocolError as error:
            note(notes, Deviation.INVALID_ANSWER, error.description)
            return payload if isinstance(payload, dict) else {}

    def may_answer(self, action: str, payload: Mapping[str, Json]) -> bool:
        """Whether a station may be answered so; all that we send is valid by its schema."""
        return self._schemas.response(action).checked.is_valid(payload)

    def outcome(self, action: str, payload: Mapping[str, Json]) -> str:
        """Accepted or Rejected by the answer's `status`; without one the answer itself is the acceptance.

        Failed where the schema requires a status and the station gave none.
        """
        status = payload.get("status")
        if isinstance(status, str):
            accepted = "".join(c for c in status.lower() if c.isalnum()) in _ACCEPTED
            return CommandOutcome.ACCEPTED if accepted else CommandOutcome.REJECTED
        schemas = self._schemas
        requires = schemas.response(action).schema.get("required", ()) if action in schemas.actions else ()
        return CommandOutcome.FAILED if "status" in requires else CommandOutcome.ACCEPTED
