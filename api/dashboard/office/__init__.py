"""The operator's office: pages on which things are set up and looked after. `shown`, `listing`, `form` and `asking` are
what these pages are built of; every other module is a page or a few that belong together."""
