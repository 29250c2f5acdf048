"""Schemas of the JSON API, for its OpenAPI document."""
