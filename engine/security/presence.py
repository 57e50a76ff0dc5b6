"""Whether an installation has a certificate authority: asked by processes that load no cryptography for it."""

from __future__ import annotations

from pathlib import Path

from engine.settings import Settings


def roots_file(folder: Path) -> Path:
    """What stations are to trust, and the gateway among others for stations' certificates."""
    return folder / "root.pem"


def is_initialised(folder: Path) -> bool:
    """Whether there is an authority in this folder."""
    return roots_file(folder).exists()


def signs_certificates(settings: Settings) -> bool:
    """Whether there is one that takes stations' requests: somebody else's, or our own."""
    return bool(settings.authority_url) or is_initialised(settings.pki_folder)
