"""Staff surface: reports and controls of the projection for operators (API.md, "Staff surface")."""
