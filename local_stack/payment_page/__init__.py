"""A stand-in for Stripe's hosted payment page, in front of stripe-mock; see `__main__.py`."""
