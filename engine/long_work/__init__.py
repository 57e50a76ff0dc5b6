"""Work that takes longer than a request: who asked for it, how far it is, how it ended, and the file that it made."""
