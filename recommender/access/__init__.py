"""Callers of the API: the tokens of accounts, and how their secrets are stored."""
