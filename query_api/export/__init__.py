"""What the portal holds of a customer, to take along (API.md, export)."""
