"""What the pages of both services share: assets, colours, languages, macros, security headers.

It imports nothing of ours: whoever renders a page hands in the values.
"""
