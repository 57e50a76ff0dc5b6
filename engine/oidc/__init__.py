"""Logging in at an OpenID provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636)."""
