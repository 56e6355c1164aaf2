"""Callers of the API: API keys and the tokens of accounts, and how their secrets are stored."""
