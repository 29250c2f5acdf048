"""The staff surface: what operators see of the projection, and how they steer it (API.md, "Staff surface")."""
