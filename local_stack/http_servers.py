"""The small servers that speak HTTP: mailbox, Stripe's API, payment page."""

import subprocess
import sys

from local_stack.processes import spawn
from local_stack.server import HttpServer


class Mailpit(HttpServer):
    """Takes every mail and delivers none."""

    name = "mailpit"
    ports = ("mail", "smtp")
    health = "/readyz"

    def command(self) -> list[str]:
        """Keep more mails than its default of 500; looks nothing up in DNS or on its maker's site."""
        return [
            str(self.place.programs["mailpit"] / "mailpit"),
            *("--smtp", self.place.address("smtp"), "--listen", self.place.address("mail")),
            *("--database", str(self.data / "mails.db"), "--max", "10000"),
            *("--quiet", "--disable-version-check", "--smtp-disable-rdns"),
        ]


class StripeMock(HttpServer):
    """Stripe's API, checked against Stripe's own schema; keeps nothing."""

    name = "stripe-mock"
    ports = ("stripe_mock", "stripe_mock_https")

    def command(self) -> list[str]:
        """HTTPS cannot be left out: not named, it would take a fixed port of all interfaces."""
        http, https = self.place.address("stripe_mock"), self.place.address("stripe_mock_https")
        program = self.place.programs["stripe-mock"] / "stripe-mock"
        return [str(program), "-http-addr", http, "-https-addr", https]


class PaymentPageServer(HttpServer):
    """Our stand-in for Stripe's hosted page, in front of stripe-mock."""

    name = "payment-page"
    ports = ("payment_page",)
    health = "/control"

    def command(self) -> list[str]:
        """Return a program of this package; its secret comes by environment and not by argument."""
        port, upstream = str(self.place.ports["payment_page"]), f"http://{self.place.address('stripe_mock')}"
        return [sys.executable, "-m", "local_stack.payment_page", port, upstream]

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        secret = {"PORTAL_STRIPE_WEBHOOK_SECRET": self.place.secrets["PORTAL_STRIPE_WEBHOOK_SECRET"]}
        return spawn(command, self.log, self.place.group, secret)
