import re
from decimal import Decimal

from django import template

register = template.Library()

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """Format a price: €1,249.90, or CHF 1,249.90 where the currency's sign is not common knowledge."""
    return f"{SIGNS.get(currency, currency + ' ')}{amount:,.2f}"


@register.filter
def words(name: str) -> str:
    """Format a column's or a program's name for people: baseColour and base_colour are both "Base colour"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("_", " "))
    return spaced[:1].upper() + spaced[1:].lower()
