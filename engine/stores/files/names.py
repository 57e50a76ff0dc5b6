"""File names that strangers send, made harmless: shown to people and put into headers, never used as a path."""

from __future__ import annotations

MAX_NAME = 120
UNNAMED = "file"


def clean_name(said: str) -> str:
    """The last part of what may be a path, without controls, quotes and leading dots; "file" if nothing is left."""
    last = said.replace("\\", "/").rstrip("/").rpartition("/")[2]
    kept = "".join(c for c in last if c.isprintable() and c not in '"<>|:*?%').strip().lstrip(".").strip()
    if len(kept) > MAX_NAME:
        stem, dot, suffix = kept.rpartition(".")
        kept = f"{stem[: MAX_NAME - 17]}.{suffix}" if dot and len(suffix) <= 16 else kept[:MAX_NAME]
    return kept or UNNAMED
