"""A version's table of station messages: what understands each action, and how a CALL gets there.

Order of things: known action, strict validation, repair if that fails, then the module of the feature block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.charging.messages import Json, StationMessage
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.errors import ErrorCode, refusal
from engine.ocpp.forms import Form
from engine.ocpp.port import Circumstances
from engine.ocpp.schemas import SchemaSet
from engine.ocpp.tolerant import repaired

Understand = Callable[[dict[str, Any], Circumstances], StationMessage]


class Known(NamedTuple):
    """What understands an action, and neutral values for fields that a station left out against the schema.

    `at_once` understands what is sure to pass the schema, and gives None for all else; `prove` sees what has passed.
    `form_of` has the form of a text that `at_once` has understood, if it is one to look out for.
    """

    understand: Understand
    defaults: Mapping[str, Json] = {}
    at_once: Callable[[Json, Circumstances], StationMessage | None] | None = None
    prove: Callable[[dict[str, Any]], None] | None = None
    form_of: Callable[[str, Json, StationMessage], Form | None] | None = None


class Registry:
    """One version's station actions. `name` is for people ("2.0.1")."""

    def __init__(self, name: str, schemas: SchemaSet, actions: Mapping[str, Known]) -> None:
        self._name, self._schemas, self._actions = name, schemas, dict(actions)
        self._by_lower = {action.lower(): action for action in actions}

    @property
    def from_station(self) -> frozenset[str]:
        """The actions that are understood."""
        return frozenset(self._actions)

    def understand(self, action: str, payload: Json, circumstances: Circumstances) -> StationMessage:
        """The station's CALL as a message. Raises ProtocolError."""
        known = self._actions.get(action)
        if known is None:
            action = self._respelled(action, circumstances)
            known = self._actions[action]
        if known.at_once is not None:
            message = known.at_once(payload, circumstances)
            if message is not None:
                circumstances.proven = True
                return message
        schema = self._schemas.request(action)
        if not schema.strict.is_valid(payload):
            payload = repaired(action, payload, schema, circumstances.notes, known.defaults)
        elif known.prove is not None:
            known.prove(payload)
        return known.understand(payload, circumstances)

    def form_of(self, action: str, text: str, payload: Json, message: StationMessage) -> Form | None:
        """The form of a CALL's text that was understood as something proven; None where there is none."""
        known = self._actions.get(action)
        return None if known is None or known.form_of is None else known.form_of(text, payload, message)

    def _respelled(self, action: str, circumstances: Circumstances) -> str:
        known = self._by_lower.get(action.strip().lower())
        if known is not None:
            note(circumstances.notes, Deviation.ACTION_SPELLING, action)
            return known
        if action in self._schemas.actions:
            raise refusal(ErrorCode.NOT_SUPPORTED, f"{action} is not served here.")
        raise refusal(ErrorCode.NOT_IMPLEMENTED, f"{action[:60]} is no action of OCPP {self._name}.")
