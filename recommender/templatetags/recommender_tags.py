"""Tags and filters for the shop's pages: strips of recommendations, and words for designs."""

from collections.abc import Sequence

from django import template
from django.template import Context

from catalog import visitors
from catalog.models import Product
from catalog.queries import Filters
from recommender.designs.gallery import GalleryImage
from recommender.models import Design, DesignImage, Role
from recommender.pages import strips
from recommender.serving import shadow
from recommender.serving.saved import Caller
from recommender.versions import queries

register = template.Library()
register.filter("activity", strips.activity)

FEW = 4  # images of a design in a list
# Least realism, as the discriminator rates an image, and the words for it.
REALISM = (
    (0.7, "looks real"),
    (0.4, "could be real"),
    (0.0, "dreamlike"),
)
CAPTIONS = {DesignImage.Kind.ORIGINAL: "The product", DesignImage.Kind.APPROXIMATION: "Copy by the generator"}


@register.inclusion_tag("recommender/_similar.html", takes_context=True)
def similar_products(context: Context, product: Product, limit: int = 12) -> dict[str, object]:
    """Render products that look like this one."""
    request = context["request"]
    version = (shadow.versions(request) or {}).get(Role.SIMILAR)
    return {"strip": strips.similar(product, limit, Caller.of(request), version)}


@register.inclusion_tag("recommender/_by_look.html", takes_context=True)
def products_by_look(
    context: Context, text: str, filters: Filters, listed: Sequence[Product], limit: int = 12
) -> dict[str, object]:
    """Render products that look as the words of a search say, without those listed."""
    return {"strip": strips.by_look(text, filters, listed, limit, context["request"])}


@register.inclusion_tag("recommender/_picks.html", takes_context=True)
def personal_picks(context: Context, limit: int = 12) -> dict[str, object]:
    """Render what the visitor would like."""
    request = context["request"]
    version = (shadow.versions(request) or {}).get(Role.PERSONAL)
    return {
        "strip": strips.personal(visitors.get_visitor(request), limit, Caller.of(request), "home", version=version),
        "shoppers_are_simulated": context["shoppers_are_simulated"],
    }


@register.inclusion_tag("recommender/_shadow.html", takes_context=True)
def shadow_bar(context: Context) -> dict[str, object]:
    """Render as with which versions staff see the shop, and a button to leave; nothing for everybody else."""
    request = context.get("request")  # which pages of errors lack
    versions = shadow.versions(request) if request else None
    return {"versions": versions, "request": request, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("recommender/_tailor.html", takes_context=True)
def tailor_button(context: Context, product: Product) -> dict[str, object]:
    """Render a button to tailor the product, if the active generator has learned its category."""
    generator = queries.active_version(Role.DESIGN)
    is_learned = generator is not None and product.category_id in generator.categories
    return {
        "can_be_tailored": is_learned and product.primary_image is not None,
        "product": product,
        "user": context["user"],
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def few(design: Design) -> list[DesignImage]:
    """Return the images for a list: of a tailored product the first and the last, else the first ones.

    The images were prefetched.
    """
    images = list(design.images.all())
    return [images[0], images[-1]] if design.product_id and images else images[:FEW]


@register.filter
def percent(share: float) -> str:
    """Return a share, 0 to 1, as "87 %"."""
    return f"{share:.0%}".replace("%", " %")


@register.filter
def probability(share: float) -> str:
    """Return a probability as "87 %", never as 0 % or 100 %: no prediction is certain."""
    if not 0.005 <= share <= 0.995:
        return "over 99 %" if share > 0.5 else "under 1 %"
    return percent(share)


@register.filter
def hundredths(share: float) -> int:
    """Return a share, 0 to 1, as a whole number of hundredths, 1 to 99."""
    return min(max(round(100 * share), 1), 99)


@register.filter
def realism(hanging: GalleryImage) -> str:
    """Return in words how real an image looks to the discriminator."""
    return next(words for least, words in REALISM if hanging.realism >= least)


@register.filter
def caption(hanging: GalleryImage) -> str:
    """Return the caption of an image of a tailored product."""
    image = hanging.image
    if image.kind == DesignImage.Kind.STEP:
        assert image.change is not None  # every step has one
        return f"Step {image.step}, {100 * image.change:.1f} % changed"
    return CAPTIONS[DesignImage.Kind(image.kind)]


@register.filter
def alt_text(hanging: GalleryImage) -> str:
    """Return the alternative text of an image, for screen readers."""
    image = hanging.image
    name = f"Design {image.position + 1}" if image.kind == DesignImage.Kind.DESIGN else caption(hanging)
    rated = "" if hanging.probability is None else f"up to {probability(hanging.probability)} you, "
    return f"{name}: {rated}{realism(hanging)}"
