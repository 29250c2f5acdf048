"""Real servers for development, tests, benchmarks and the demo, as ordinary processes.

`python -m local_stack` starts Kafka, MongoDB, a mailbox, Stripe's API and a payment page on free ports of
127.0.0.1 and prints the settings that the portal needs. Nothing here runs in production.
"""
