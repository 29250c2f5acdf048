"""The files of a customer (API.md, Files): found under the rules of their record, checked, copied, served."""
