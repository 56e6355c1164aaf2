"""Recommendations in templates, by visrec.js: nothing is asked of VisRec before the page is shown."""

from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from visrec_django.adapter import adapter

register = template.Library()


@register.simple_tag
def visrec_script() -> SafeString:
    """Render the script, for the head of a page."""
    url, key = settings.VISREC["URL"].rstrip("/"), settings.VISREC["PUBLISHABLE_KEY"]
    return format_html('<script src="{}/static/visrec.js" data-key="{}" defer></script>', url, key)


@register.simple_tag
def visrec_strip(product: Any, placement: str = "product", limit: int = 12) -> SafeString:
    """Render the products that are similar to one."""
    return format_html(
        '<visrec-strip sku="{}" placement="{}" limit="{}"></visrec-strip>', adapter().sku(product), placement, limit
    )


@register.simple_tag
def visrec_picks(placement: str = "home", limit: int = 12) -> SafeString:
    """Render recommendations for the visitor."""
    return format_html('<visrec-picks placement="{}" limit="{}"></visrec-picks>', placement, limit)


@register.simple_tag
def visrec_photo_search(placement: str = "photo", limit: int = 12) -> SafeString:
    """Render the search by photo."""
    return format_html('<visrec-photo-search placement="{}" limit="{}"></visrec-photo-search>', placement, limit)
