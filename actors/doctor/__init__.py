"""Looks over a machine and the stores, before Raycharge runs there or while it does, and says what to do.

`examination.py` runs all checks, `machine.py` and `stores.py` hold them. Nothing is changed and nothing is started.
"""

from actors.doctor.examination import examine
from actors.doctor.findings import Check, Level

__all__ = ["Check", "Level", "examine"]
