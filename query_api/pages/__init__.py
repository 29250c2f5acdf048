"""The pages people see, on the same reads and services as the JSON API (docs/contracts/pages.md)."""
