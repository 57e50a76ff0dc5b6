"""The contract provider of the system under test: a folder with its answers for EVs (ISO 15118), made before it starts.

What EV and provider say to each other is EXI in base64, which nobody in between reads.
"""

from __future__ import annotations

import base64
from secrets import token_bytes

from loadtest.installation import Installation
from tests.conformance.system import SystemUnderTest
from tests.conformance.verdict import CaseFailed

_FOLDER = "conformance-contracts"
ACTIONS = ("Install", "Update")


def prepare(installation: Installation) -> None:
    """One answer for each action, each different, so that a wrong one shows."""
    folder = installation.folder / _FOLDER
    folder.mkdir()
    for action in ACTIONS:
        (folder / f"{action}.exi").write_text(base64.b64encode(token_bytes(900)).decode())
    installation.settings |= {"CONTRACTS_DIR": str(folder)}


def exi_response(system: SystemUnderTest, action: str) -> str:
    """What the provider answers to this action. Raises CaseFailed where the system is not one of ours."""
    if system.installation is None:
        raise CaseFailed("this case needs a contract provider, and that of a given system is not known")
    return (system.installation.folder / _FOLDER / f"{action}.exi").read_text()
