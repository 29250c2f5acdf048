"""HTTP of the customer surface: tenants, paths and URLs, problems, ETags."""
