"""The whole portal with a believable business in it, on servers of its own: `python -m demo`."""
