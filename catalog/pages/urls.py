from django.urls import path, register_converter

from catalog.pages import views


class SkuConverter:
    regex = r"[^\s/\x00]+"  # as Product.sku; PostgreSQL would choke on a NUL

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(SkuConverter, "sku")

urlpatterns = [
    path("", views.home, name="home"),
    path("products/", views.products, name="products"),
    path("products/<sku:sku>/", views.product, name="product"),
    path("products/<sku:sku>/verdict/", views.rate_product, name="rate"),
]
