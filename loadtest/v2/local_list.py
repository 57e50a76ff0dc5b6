"""The local authorisation list of a simulated 2.x station (2.0.1 block D)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadtest.speech import Answer

if TYPE_CHECKING:
    from loadtest.v2.speech import Speech2


class LocalList:
    """`version` 0: there is none. Tokens are compared without case."""

    def __init__(self) -> None:
        self.version = 0
        self.entries: dict[str, str] = {}

    def standing(self, id_tag: str) -> str | None:
        """The card's status by the list; None if it is not in it."""
        return self.entries.get(id_tag.lower())

    def send(self, payload: dict[str, Any]) -> str:
        """SendLocalList: the answer's status."""
        version, entries = int(payload["versionNumber"]), payload.get("localAuthorizationList", [])
        if payload["updateType"] == "Full":
            self.entries = {}
        elif version <= self.version:
            return "VersionMismatch"
        for entry in entries:
            token, info = str(entry["idToken"]["idToken"]).lower(), entry.get("idTokenInfo")
            if info is None:
                self.entries.pop(token, None)
            else:
                self.entries[token] = str(info["status"])
        self.version = version
        return "Accepted"


def _send(speech: Speech2, payload: dict[str, Any]) -> Answer:
    return {"status": speech.local_list.send(payload)}, None


def _version(speech: Speech2, _: dict[str, Any]) -> Answer:
    return {"versionNumber": speech.local_list.version}, None


HANDLERS = {"GetLocalListVersion": _version, "SendLocalList": _send}
