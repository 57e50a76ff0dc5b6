"""The payment provider that the settings name."""

from __future__ import annotations

from engine.errors import ConfigurationError
from engine.payments.http_provider import HttpProvider
from engine.payments.port import PaymentProvider
from engine.settings import Settings
from engine.stores.installation_key import InstallationKey

WEBHOOKS = "/api/v1/payments/webhooks"
"""Where the façade takes the provider's webhooks."""


def local_api_key(key: InstallationKey) -> str:
    """What we and the local provider know of each other: made from the installation's key, kept nowhere."""
    return key.digest("local payment provider").hex()


def local_webhook_secret(key: InstallationKey) -> bytes:
    """What the local provider signs its webhooks with."""
    return key.digest("local payment provider's webhooks")


def open_provider(settings: Settings, key: InstallationKey) -> PaymentProvider | None:
    """None where no payments are taken. Raises ConfigurationError for settings that are not whole."""
    if settings.takes_payments == "off":
        return None
    if settings.takes_payments == "local":
        url = f"http://{settings.own_host}:{settings.payments_port}"
        return HttpProvider("local", url, local_api_key(key), local_webhook_secret(key))
    if not (settings.payments_url and settings.payments_key and settings.payments_webhook_secret):
        raise ConfigurationError(
            "RAYCHARGE_PAYMENTS=http needs RAYCHARGE_PAYMENTS_URL, RAYCHARGE_PAYMENTS_KEY and "
            "RAYCHARGE_PAYMENTS_WEBHOOK_SECRET."
        )
    return HttpProvider("http", settings.payments_url, settings.payments_key, settings.payments_webhook_secret.encode())
