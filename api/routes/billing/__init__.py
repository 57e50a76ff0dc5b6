"""Issuers, receipts, credit notes, the review queue, reports and the outbox over REST."""
