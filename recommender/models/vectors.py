"""Vectors of images and shoppers by model versions."""

from django.db import models
from pgvector.django import VectorField

from recommender.models.versions import ModelVersion


class ImageEmbedding(models.Model):
    """The vector of one image by one model version: derived, and safe to delete."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="embeddings", db_index=False)
    image = models.ForeignKey("catalog.ProductImage", models.CASCADE, related_name="embeddings")
    # The image's product, copied so that a search joins one table less; an image never changes its product.
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="embeddings", db_index=False)
    vector = VectorField()  # version.dimensions floats
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["product", "version"], name="embedding_product")]  # the vectors of a product
        # No vector index here: lengths differ, so versions.vectors.index builds a partial one for each version.
        constraints = [models.UniqueConstraint(fields=["version", "image"], name="one_vector_per_version_and_image")]

    def __str__(self) -> str:
        return f"embedding of image {self.image_id} by version {self.version_id}"


class ImageWalk(models.Model):
    """The one row that says where the sweep is on its walk through all images, in search of missing vectors."""

    position = models.BigIntegerField(default=0)  # the id of the last image that it looked at

    def __str__(self) -> str:
        return f"images up to {self.position}"


class ShopperVector(models.Model):
    """A shopper's taste by a personal version; its inner product with a product's vector is the score."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="shopper_vectors", db_index=False)
    shopper = models.ForeignKey("catalog.Shopper", models.CASCADE, related_name="vectors")
    vector = VectorField()  # version.dimensions floats

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "shopper"], name="one_vector_per_version_and_shopper")
        ]

    def __str__(self) -> str:
        return f"taste of shopper {self.shopper_id} by version {self.version_id}"
