"""Staff surface: reports and controls of the projection for operators (docs/contracts/api.md, Staff surface)."""
