"""The read side of the store: the served generation, coalesced and cached reads, snapshots."""
