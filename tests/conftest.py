"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says something about the machine's other tenants, and nothing about the code.
settings.register_profile("raycharge", deadline=None)
settings.load_profile("raycharge")
