"""Sends Stripe's events as Stripe does: signed, again when refused; and late, twice or out of order when told to."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

# Seconds before each further attempt; Stripe's own go on for days.
RETRIES_S = (0.5, 1.0, 2.0, 4.0, 8.0)


class Delivery(BaseModel):
    """Options for the delivery of webhooks."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    webhook_url: str | None = None
    """Where to; nothing is sent while there is none."""
    delay_s: float = 0.0
    """Seconds to wait before the first."""
    copies: int = 1
    """How often each is sent."""
    shuffle: bool = False
    """Newest first. Reversed rather than drawn by lot, so that a test sees it every time."""


class Webhooks:
    """Delivers events in the background, those of one call one after the other."""

    def __init__(self, secret: str) -> None:
        """`secret` is the endpoint's, for the signature."""
        self._secret = secret.encode()
        self.delivery = Delivery()
        self.log: list[dict[str, Any]] = []

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change some of the settings; `ValueError` for what is none."""
        self.delivery = Delivery.model_validate({**self.delivery.model_dump(), **changes})

    def state(self) -> dict[str, Any]:
        """Return the settings, and every attempt so far: event, type, HTTP status or null, Unix time."""
        return self.delivery.model_dump() | {"attempts": self.log}

    def send(self, events: list[dict[str, Any]]) -> None:
        """Return at once."""
        delivery = self.delivery
        if events and delivery.webhook_url is not None:
            ordered = events[::-1] if delivery.shuffle else events
            work = (delivery.webhook_url, delivery.delay_s, ordered * delivery.copies)
            threading.Thread(target=self._deliver, args=work, daemon=True).start()

    def _deliver(self, url: str, delay_s: float, events: list[dict[str, Any]]) -> None:
        time.sleep(delay_s)
        with httpx.Client(timeout=20, trust_env=False) as client:
            for event in events:
                for pause_s in (0.0, *RETRIES_S):
                    time.sleep(pause_s)
                    if self._attempt(client, url, event):
                        break

    def _attempt(self, client: httpx.Client, url: str, event: dict[str, Any]) -> bool:
        body = json.dumps(event).encode()
        now = int(time.time())
        signature = hmac.new(self._secret, b"%d." % now + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={now},v1={signature}"}
        try:
            status = client.post(url, content=body, headers=headers).status_code
        except httpx.HTTPError:
            status = None
        self.log.append({"event": event["id"], "type": event["type"], "status": status, "at": now})
        return status is not None and status < 300
