from django.urls import path, register_converter

from recommender.api import (
    batches,
    categories,
    designs,
    downloads,
    examples,
    exports,
    images,
    index,
    interactions,
    keys,
    models,
    products,
    saved,
    similar,
    tokens,
    users,
    visitors,
)


class NameConverter:
    """A SKU."""

    regex = r"[^/\x00]+"  # PostgreSQL would choke on a NUL

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class KeyConverter(NameConverter):
    """A shopper's key or a guest's session, in which the shop may use every character."""

    regex = r"[^\x00]+"


register_converter(NameConverter, "name")
register_converter(KeyConverter, "key")

app_name = "api"
urlpatterns = [
    path("", index.Index.as_view(), name="index"),
    path("schema/", index.Schema.as_view(), name="schema"),
    path("docs/", index.Docs.as_view(), name="docs"),
    path("auth/token/", tokens.Tokens.as_view(), name="token"),
    path("auth/tokens/", tokens.OwnTokens.as_view(), name="own-tokens"),
    path("auth/tokens/<int:pk>/", tokens.OneToken.as_view(), name="own-token"),
    path("keys/", keys.Keys.as_view(), name="keys"),
    path("keys/<int:pk>/", keys.OneKey.as_view(), name="key"),
    path("keys/<int:pk>/rotate/", keys.RotateKey.as_view(), name="rotate-key"),
    path("products/", products.Products.as_view(), name="products"),
    path("products/batch/", batches.Batch.as_view(), name="products-batch"),
    path("products/<name:sku>/", products.OneProduct.as_view(), name="product"),
    path("products/<name:sku>/similar/", similar.SimilarProducts.as_view(), name="similar"),
    path("products/<name:sku>/images/", images.ProductImages.as_view(), name="images"),
    path("products/<name:sku>/images/<int:pk>/", images.OneImage.as_view(), name="image"),
    path("downloads/", downloads.Downloads.as_view(), name="downloads"),
    path("categories/", categories.Categories.as_view(), name="categories"),
    path("search/image/", similar.SearchImage.as_view(), name="search-image"),
    path("users/merge/", users.UsersMerge.as_view(), name="users-merge"),
    path("users/<key:key>/recommendations/", users.UserRecommendations.as_view(), name="user-recommendations"),
    path("users/<key:key>/interactions/", users.UserInteractions.as_view(), name="user-interactions"),
    path("users/<key:key>/interactions/<key:event>/", users.UserInteraction.as_view(), name="user-interaction"),
    path("users/<key:key>/export/", exports.UserExport.as_view(), name="user-export"),
    path("visitors/", visitors.Visitors.as_view(), name="visitors"),
    path("visitors/me/recommendations/", visitors.OwnRecommendations.as_view(), name="own-visitor-recommendations"),
    path("visitors/me/export/", exports.OwnVisitorExport.as_view(), name="own-visitor-export"),
    path("visitors/me/interactions/", visitors.OwnInteractions.as_view(), name="own-visitor-interactions"),
    path("visitors/me/interactions/<key:event>/", visitors.OwnInteraction.as_view(), name="own-visitor-interaction"),
    path(
        "visitors/<key:session>/recommendations/",
        visitors.VisitorRecommendations.as_view(),
        name="visitor-recommendations",
    ),
    path("visitors/<key:session>/interactions/", visitors.VisitorInteractions.as_view(), name="visitor-interactions"),
    path(
        "visitors/<key:session>/interactions/<key:event>/",
        visitors.VisitorInteraction.as_view(),
        name="visitor-interaction",
    ),
    path("visitors/<key:session>/export/", exports.VisitorExport.as_view(), name="visitor-export"),
    path("recommendations/by-example/", examples.RecommendByExample.as_view(), name="by-example"),
    path("recommendations/session/", examples.RecommendForSession.as_view(), name="for-session"),
    path("recommendations/<uuid:pk>/", saved.OneRecommendation.as_view(), name="recommendation"),
    path("me/recommendations/", users.MyRecommendations.as_view(), name="my-recommendations"),
    path("me/export/", exports.MyExport.as_view(), name="my-export"),
    path("designs/", designs.Designs.as_view(), name="designs"),
    path("designs/<uuid:pk>/", designs.OneDesign.as_view(), name="design"),
    path("designs/<uuid:pk>/cancel/", designs.CancelDesign.as_view(), name="cancel-design"),
    path("models/", models.Models.as_view(), name="models"),
    path("models/<int:pk>/", models.OneModel.as_view(), name="model"),
    path("models/<int:pk>/activate/", models.ActivateModel.as_view(), name="activate-model"),
    path("models/<int:pk>/cancel/", models.CancelModel.as_view(), name="cancel-model"),
    path("interactions/", interactions.Interactions.as_view(), name="interactions"),
]
