"""Tests: unit, integration (real servers), e2e (a real browser)."""
