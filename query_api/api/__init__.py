"""The JSON API of a business's customers, a controller per resource."""
