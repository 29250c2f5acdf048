"""Paying online, by Stripe Checkout on the business's own account: no card data reaches the portal.

Webhook, return page and reconciliation all do the same: they ask Stripe what became of a session and report it to the
record of the payment, which is also the outbox that `sender` publishes from. The projector alone writes views.
"""
