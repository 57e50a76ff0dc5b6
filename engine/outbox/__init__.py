"""The outbox: letters to people, put into SQL with what they tell about and delivered by a worker of the back office.

letter.py    what a letter is, and `put`        store.py   reading, claiming and marking them
smtp.py      the way out over SMTP              delivery.py   the worker
"""
