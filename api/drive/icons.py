"""Our own signs, drawn in the text's colour; what they mean stands beside them in words."""

from __future__ import annotations

from collections.abc import Mapping

_SHAPES = {
    "pin": '<path d="M12 21s7-6.2 7-11.5A7 7 0 0 0 5 9.5C5 14.8 12 21 12 21z"/><circle cx="12" cy="9.5" r="2.5"/>',
    "bolt": '<path d="M13 3 5 14h6l-1 7 8-11h-6z"/>',
    "receipt": '<path d="M6 3h12v18l-3-2-3 2-3-2-3 2z"/><path d="M9 8h6M9 12h6"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4 21c1-4.5 4-6.5 8-6.5s7 2 8 6.5"/>',
    "search": '<circle cx="11" cy="11" r="6"/><path d="m20 20-4.5-4.5"/>',
    "near": '<circle cx="12" cy="12" r="6"/><path d="M12 2v4M12 18v4M2 12h4M18 12h4"/><circle cx="12" cy="12" r="1"/>',
    "way": '<path d="M12 3 3 12l9 9 9-9z"/><path d="M9 14v-2.5h5M12 9l2.5 2.5L12 14"/>',
    "flag": '<path d="M6 21V4M6 5h11l-2 4 2 4H6"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>',
    "stop": '<rect x="6" y="6" width="12" height="12" rx="1.5"/>',
}
_FRAME = (
    '<svg class="sign" viewBox="0 0 24 24" width="22" height="22" fill="none" stroke="currentColor" stroke-width="1.8" '
    'stroke-linejoin="round" stroke-linecap="round" aria-hidden="true">{shape}</svg>'
)
ICONS: Mapping[str, str] = {name: _FRAME.format(shape=shape) for name, shape in _SHAPES.items()}
