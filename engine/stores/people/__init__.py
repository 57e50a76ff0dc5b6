"""Who may log in, how they prove it, and what they may do where: accounts, roles, logins, second factors, API keys."""
