"""Accounts: opening them, and reading balances and entries as of a final block."""
