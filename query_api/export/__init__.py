"""Export of all that the portal holds of a customer (API.md, export)."""
