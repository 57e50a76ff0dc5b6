"""The link by which somebody without an account comes back to their case: nothing is kept of it, it is made again."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from engine.errors import NotFound
from engine.stores.installation_key import InstallationKey

_SECRET = re.compile(r"([0-9a-f]{32})([0-9a-f]{48})")


@dataclass(frozen=True, slots=True)
class CaseLinks:
    """`facade_url` is how drivers reach the façade."""

    key: InstallationKey
    facade_url: str = ""

    def secret(self, case: str) -> str:
        """The case's id and a keyed hash of it."""
        return case + self.key.digest("case link", case).hex()[:48]

    def case_of(self, secret: str) -> str:
        """The case that a secret is of. Raises NotFound for one that is not ours."""
        found = _SECRET.fullmatch(secret)
        if found is None or not hmac.compare_digest(self.secret(found[1]), secret):
            raise NotFound("There is no such case.", field="secret", remedy="Use the link in our letter.")
        return found[1]

    def confirmation(self, case: str) -> str:
        """Where the link in the first letter leads."""
        return f"{self.facade_url}/api/v1/ad-hoc/cases/{self.secret(case)}/confirmation"

    def page(self, case: str) -> str:
        """Where the link in later letters leads."""
        return f"{self.facade_url}/api/v1/ad-hoc/cases/{self.secret(case)}/page"
