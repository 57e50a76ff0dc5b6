"""A payment provider of our own for tests and demonstrations, which behaves like a real one: another process with
another database, spoken to over HTTP only, with a payment page of its own and test cards instead of money.

`cards.py` says which number does what, `books.py` is its ledger, `server.py` its API and page, `webhooks.py` how it
tells of changes. It shares no code with our side (`engine/payments`) but the clock.
"""
