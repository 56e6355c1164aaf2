"""The strips that shop pages include."""

from django import template
from django.template import Context

from catalog import visitors
from catalog.models import Product
from recommender.designs.gallery import Hanging
from recommender.models import Design, DesignImage, Role
from recommender.pages import strips
from recommender.serving.saved import Caller
from recommender.versions import queries

register = template.Library()
register.filter("activity", strips.activity)

FEW = 4  # pictures that stand for a design in a list
REALITY = (
    (0.7, "looks real"),
    (0.4, "could be real"),
    (0.0, "dreamlike"),
)  # from how real it looks to the discriminator


@register.inclusion_tag("recommender/_similar.html", takes_context=True)
def similar_products(context: Context, product: Product, limit: int = 12) -> dict:
    return {"strip": strips.similar(product, limit, Caller.of(context["request"]))}


@register.inclusion_tag("recommender/_picks.html", takes_context=True)
def personal_picks(context: Context, limit: int = 12) -> dict:
    visitor = visitors.get_visitor(context["request"])
    return {
        "strip": strips.personal(visitor, limit, Caller.of(context["request"])),
        "shoppers_are_simulated": context["shoppers_are_simulated"],
    }


@register.inclusion_tag("recommender/_tailor.html", takes_context=True)
def tailor_button(context: Context, product: Product) -> dict:
    """Where the generator in service has learnt the product's category, the way to have it tailored."""
    generator = queries.active_version(Role.DESIGN)
    learnt = generator is not None and product.category_id in generator.categories
    return {
        "can_be_tailored": learnt and product.primary_image is not None,
        "product": product,
        "user": context["user"],
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def few(design: Design) -> list[DesignImage]:
    """Of a tailored product the first and the last; the images were prefetched."""
    images = list(design.images.all())
    return [images[0], images[-1]] if design.product_id and images else images[:FEW]


@register.filter
def percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


@register.filter
def chance(share: float) -> str:
    """Nothing is certain."""
    if not 0.005 <= share <= 0.995:
        return "over 99 %" if share > 0.5 else "under 1 %"
    return percent(share)


@register.filter
def reality(hanging: Hanging) -> str:
    return next(words for least, words in REALITY if hanging.realism >= least)


@register.filter
def called(hanging: Hanging) -> str:
    """Of a tailored product's pictures: which this is."""
    image = hanging.image
    if image.kind == DesignImage.Kind.STEP:
        return f"Step {image.step}, {100 * image.change:.1f} % changed"
    return {DesignImage.Kind.ORIGINAL: "The product", DesignImage.Kind.APPROXIMATION: "As the generator makes it"}[
        image.kind
    ]


@register.filter
def described(hanging: Hanging) -> str:
    """For whoever does not see the picture."""
    image = hanging.image
    what = f"Design {image.position + 1}" if image.kind == DesignImage.Kind.DESIGN else called(hanging)
    return f"{what}: {chance(hanging.score)} you, {reality(hanging)}"
