"""Which certificate authority an installation has, by its settings and its data folder."""

from __future__ import annotations

from engine.security.http_authority import HttpAuthority
from engine.security.local_authority import LocalAuthority
from engine.security.presence import is_initialised
from engine.settings import Settings
from engine.stores.certificates import Certificates


def own_authority(settings: Settings, book: Certificates) -> LocalAuthority | None:
    """Our own, if there is one. Raises ConfigurationError if its keys cannot be used."""
    if not is_initialised(settings.pki_folder):
        return None
    return LocalAuthority(settings.pki_folder, settings.organisations, book)


def other_authority(settings: Settings, book: Certificates) -> HttpAuthority | None:
    """Somebody else's, if one is set: it comes before our own."""
    if not settings.authority_url:
        return None
    return HttpAuthority(settings.authority_url, settings.authority_token, settings.organisations, book)
