from django.urls import path, register_converter

from catalog.pages import history_views, views


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
    path("liked/", history_views.liked, name="liked"),
    path("liked/<sku:sku>/", history_views.keep_liked, name="keep-liked"),
    path("seen/", history_views.seen, name="seen"),
    path("seen/<sku:sku>/", history_views.forget_seen, name="forget-seen"),
]
