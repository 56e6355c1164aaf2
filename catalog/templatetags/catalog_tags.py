import re
from decimal import Decimal

from django import template

register = template.Library()

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """€1,249.90; where the sign is not common knowledge, CHF 1,249.90."""
    return f"{SIGNS.get(currency, currency + ' ')}{amount:,.2f}"


@register.filter
def words(name: str) -> str:
    """A column's or a program's name as people write it: baseColour and base_colour are both "Base colour"."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("_", " "))
    return apart[:1].upper() + apart[1:].lower()
