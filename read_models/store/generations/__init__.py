"""Generations: their records and pointers, their life, and the claims of a rebuild."""
