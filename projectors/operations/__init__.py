"""Operator commands: promote, verify, quarantine, release of holds, rebuild of one customer."""
