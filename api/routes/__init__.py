"""The REST interface, one module a subject. Each route validates, asks one port and answers."""
