"""Shared parts of both services' pages: assets, colours, languages, macros, security headers.

It imports nothing of ours: whoever renders a page hands in the values.
"""
