"""The strips that shop pages include."""

from django import template
from django.template import Context

from catalog import visitors
from catalog.models import Product
from recommender import strips
from recommender.replays import Caller

register = template.Library()
register.filter("deed", strips.deed)


@register.inclusion_tag("recommender/_similar.html", takes_context=True)
def similar_products(context: Context, product: Product, limit: int = 12) -> dict:
    return {"strip": strips.similar(product, limit, Caller.of(context["request"]))}


@register.inclusion_tag("recommender/_picks.html", takes_context=True)
def personal_picks(context: Context, limit: int = 12) -> dict:
    visitor = visitors.recognise(context["request"])
    return {
        "strip": strips.personal(visitor, limit, Caller.of(context["request"])),
        "shoppers_are_simulated": context["shoppers_are_simulated"],
    }
