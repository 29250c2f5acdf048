"""Benchmarks on a stack of their own: how fast events become visible, and what ten years of history cost."""
