"""Export of all that the portal holds of a customer (docs/contracts/api.md, Export)."""
