from decimal import Decimal

from django import template

register = template.Library()

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """€1,249.90; where the sign is not common knowledge, CHF 1,249.90."""
    return f"{SIGNS.get(currency, currency + ' ')}{amount:,.2f}"
