"""ServiceHub's domain events: typed events, the envelope codec, upcasters and topics (docs/contracts/events.md)."""
