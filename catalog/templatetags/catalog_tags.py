import re
from decimal import Decimal

from django import template

from catalog.currencies import WHOLE

register = template.Library()

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """Format a price: €1,249.90, or CHF 1,249.90 where the currency's sign is not common knowledge; ¥1,299."""
    places = 0 if currency in WHOLE and amount == amount.to_integral_value() else 2
    return f"{SIGNS.get(currency, currency + ' ')}{amount:,.{places}f}"


@register.filter
def words(name: str) -> str:
    """Format a column's or a program's name for people: baseColour and base_colour are both "Base colour"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("_", " "))
    return spaced[:1].upper() + spaced[1:].lower()
