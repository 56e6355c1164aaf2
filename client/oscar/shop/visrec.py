"""Oscar's products and orders for VisRec."""

from django.db.models import Q
from oscar.core.loading import get_class, get_model

Product, ProductImage = get_model("catalogue", "Product"), get_model("catalogue", "ProductImage")
ProductCategory, StockRecord = get_model("catalogue", "ProductCategory"), get_model("partner", "StockRecord")


class OscarAdapter:
    """Adapter of the products that stand alone or have variants; a variant is its parent's.

    A change of a variant's stock alone is sent by the next visrec_sync.
    """

    def products(self):
        stocked = Q(stockrecords__isnull=False) | Q(children__stockrecords__isnull=False)
        return Product.objects.browsable().filter(stocked, categories__isnull=False).distinct()

    def sources(self):
        return {Product: "", ProductImage: "product", ProductCategory: "product", StockRecord: "product"}

    def sku(self, product):
        return product.upc or f"oscar-{product.pk}"

    def fields(self, product):
        strategy = get_class("partner.strategy", "Selector")().strategy()
        found = strategy.fetch_for_parent(product) if product.is_parent else strategy.fetch_for_product(product)
        return {
            "title": product.get_title(),
            "category": product.categories.first().name,
            "price": found.price.incl_tax if found.price.is_tax_known else found.price.excl_tax,
            "currency": found.price.currency,
            "in_stock": found.availability.is_available_to_buy,
            "attributes": {value.attribute.code: str(value.value) for value in product.attribute_values.all()},
        }

    def image(self, product):
        image = product.images.first()
        return image.original if image else None
