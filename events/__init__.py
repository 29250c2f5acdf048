"""What ServiceHub says: typed events, the envelope codec, upcasters and topics (EVENTS.md)."""
