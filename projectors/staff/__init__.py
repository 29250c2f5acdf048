"""The staff surface: what operators see of the projection, and how they steer it.

See docs/contracts/api.md, Staff surface.
"""
