"""How a stored receipt or credit note looks: `wording.py` turns it into lines of text, HTML and PDF only place them."""
