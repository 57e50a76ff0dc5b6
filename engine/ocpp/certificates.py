"""What we know of a certificate that a station took, before it lists it with its hash data."""

from __future__ import annotations

import hashlib

from engine.charging.kept.facts import CertificateInstalled


def installed(use: str, certificate: str) -> CertificateInstalled:
    """The certificate, known by its text's digest."""
    digest = hashlib.sha256("".join(certificate.split()).encode()).hexdigest()
    return CertificateInstalled({"use": use, "hash": None, "children": [], "sha256": digest})
