"""The API's own description: OpenAPI 3.1 for programs, and a page made of it for people, at `/-/openapi`."""
