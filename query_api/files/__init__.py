"""The files of a customer: found under the rules of their record, checked, copied, served.

See docs/contracts/api.md, Files.
"""
