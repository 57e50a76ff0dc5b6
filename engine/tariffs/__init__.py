"""Tariffs and what a session costs under them: pure, exact decimals, one engine for every price that anyone sees.

model.py      what a tariff says               course.py   what a session did, in marks
pricing.py    course × tariff → bill           bill.py     priced lines with their reasons, taxes, totals
estimate.py   a course that never was          linter.py   what is odd or wrong with a tariff
stored.py     all of them as JSON-able dicts   ocpi.py     a tariff as OCPI 2.2.1 and 2.3.0 write it

How a price is made: `pieces.py` cuts the course where anything changes that a price could depend on, `conditions.py`
says which element applies, `usage.py` what of each was used, `idle.py` and `charges.py` what that costs, `totals.py`
rounds.
"""
