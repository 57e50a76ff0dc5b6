"""The ways out as the settings want them."""

from __future__ import annotations

from engine.clock import Clock
from engine.deliveries.senders.chat import ChatSender
from engine.deliveries.senders.mail import MailSender
from engine.deliveries.senders.port import APPRISE, EMAIL, WEBHOOK, Sender
from engine.deliveries.senders.receivers import Receivers
from engine.deliveries.senders.webhook import WebhookSender
from engine.settings import Settings


def open_senders(settings: Settings, clock: Clock) -> dict[str, Sender]:
    """By kind of channel; to be closed by the caller."""
    receivers = Receivers.of(settings.private_receivers)
    return {
        WEBHOOK: WebhookSender(receivers, clock),
        EMAIL: MailSender(settings.smtp_url, settings.mail_sender),
        APPRISE: ChatSender(receivers),
    }
