"""Currencies: those without decimals."""

# Without decimals: in their prices a comma or point is one of thousands.
WHOLE = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF", "XPF"})
