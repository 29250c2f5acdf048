"""Demo: the whole portal with two believable businesses, on its own servers."""
