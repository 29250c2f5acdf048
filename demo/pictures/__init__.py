"""Drawings that pass for photos, made of noise, gradients and polygons."""
