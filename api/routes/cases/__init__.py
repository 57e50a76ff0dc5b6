"""Support cases over REST: drivers' own, those of whoever has no account, and support's desk."""
