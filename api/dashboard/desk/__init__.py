"""The support desk's pages: search, sessions, alerts, maintenance and cases."""
