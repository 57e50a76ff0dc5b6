"""The map's background: none but a graticule of ours, unless the operator has named a server of tiles."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.settings import Settings


@dataclass(frozen=True, slots=True)
class Tiles:
    """`template` as `https://tiles.example.org/{z}/{x}/{y}.png`, `attribution` as its owner wants it to be shown."""

    template: str
    attribution: str


def tiles(settings: Settings) -> Tiles | None:
    """None where no server is named."""
    return Tiles(settings.map_tiles, settings.map_attribution) if settings.map_tiles else None


def tile_host(wanted: Tiles | None) -> list[str]:
    """What the pages' policy must let images come from besides this site."""
    if wanted is None:
        return []
    parts = urlsplit(wanted.template)
    return [f"{parts.scheme}://{parts.netloc.replace('{s}.', '*.')}"]
