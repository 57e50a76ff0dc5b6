"""From a settled session to a receipt, or to a person's decision: issuers, numbers, receipts, credit notes, reviews.

Pure: facts.py (what a session's bill follows from), judgement.py (what is doubtful about it), number_formats.py,
issuer.py, places_of_supply.py (which taxes), document.py (all that is printed), credits.py (parts of a receipt).
In the caller's transaction: premises.py, recipients.py, numbering.py, issuing.py, settling.py. Repositories:
issuers.py, receipts.py, correcting.py, reviews.py, reports.py; all in office.py. `printing/` makes HTML and PDF.
"""
