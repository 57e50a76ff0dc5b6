"""What people are written about their accounts. A code stands alone on its line."""

from __future__ import annotations

from engine.outbox.letter import Letter

_FOOT = "\n\nIf you did not expect this letter, you need not do anything.\n"


def invitation(email: str, network: str | None, code: str, expires: int) -> Letter:
    """To somebody for whom an account was made."""
    body = (
        "An account was made for you. To choose your password, enter this code where you log in. "
        f"It is good for seven days and works once:\n\n{code}{_FOOT}"
    )
    return Letter(email, "invitation", "Your account", body, network=network, secret=True, expires=expires)


def password_reset(email: str, network: str | None, code: str, expires: int) -> Letter:
    """To somebody who has forgotten their password."""
    body = (
        "Somebody asked for a new password for your account. To choose one, enter this code where you asked. "
        f"It is good for one hour and works once:\n\n{code}{_FOOT}"
    )
    return Letter(email, "password_reset", "Your new password", body, network=network, secret=True, expires=expires)


def sign_up(email: str, network: str, code: str, expires: int) -> Letter:
    """To a driver who has signed up."""
    body = (
        "Welcome. To finish signing up, enter this code together with the password that you have chosen. "
        f"It is good for one day:\n\n{code}{_FOOT}"
    )
    return Letter(email, "sign_up", "Confirm your address", body, network=network, secret=True, expires=expires)


def signed_up_already(email: str, network: str, expires: int) -> Letter:
    """To a driver who has signed up although they have an account."""
    body = (
        "Somebody asked for an account with your address, and you have one. Log in with your password, "
        f"or ask for a new password if you have forgotten it.{_FOOT}"
    )
    return Letter(email, "sign_up", "You have an account already", body, network=network, secret=True, expires=expires)


def password_changed(email: str, network: str | None) -> Letter:
    """To somebody whose password is another one now."""
    body = (
        "The password of your account was changed, and all other logins were ended. "
        "If it was not you, ask for a new password at once and tell your operator.\n"
    )
    return Letter(email, "password_changed", "Your password was changed", body, network=network)
