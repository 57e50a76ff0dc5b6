"""A charge point's transactions, and who hears of them."""
