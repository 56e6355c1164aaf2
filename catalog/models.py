import secrets
from decimal import Decimal
from functools import cache
from typing import Self
from urllib.parse import quote

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.text import slugify

from catalog.page_urls import MAX_PAGE_URL, PAGE_URL, URL_SAFE
from catalog.renditions import Renditions
from catalog.search_models import Synonyms as Synonyms
from catalog.search_models import Word as Word
from catalog.variants import VARIANT_SKU, SkusOfVariants


class Category(models.Model):
    """A category of products, one for all spellings of its name: catalog.categories finds or creates it."""

    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="one_category_per_name",
                violation_error_message="There is a category of this name, perhaps in other capitals.",
            ),
            models.CheckConstraint(condition=Q(name__regex=r"^[^ ]+( [^ ]+)*$"), name="category_name_is_single_spaced"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = single_spaced(self.name)

    @property
    def slug(self) -> str:
        return slugify(self.name)


def single_spaced(text: str) -> str:
    return " ".join(text.split())


VISIBLE = Q(is_hidden=False)


@cache
def _prefix(script: str) -> str:
    """Return the path of the pages of products, so that it is not reversed for each product of a list."""
    return reverse("product", args=["-"]).removesuffix("-/")


class ProductQuerySet(models.QuerySet["Product"]):
    def visible(self) -> Self:
        """Exclude hidden products, which visitors may not see."""
        return self.filter(VISIBLE)

    def in_stock(self) -> Self:
        return self.filter(in_stock=True)

    def with_images(self) -> Self:
        """Join categories and prefetch images, for lists: two queries, however long the list."""
        return self.select_related("category").prefetch_related("images")


class Product(models.Model):
    sku = models.CharField(
        "SKU",
        max_length=100,
        unique=True,
        # Browsers take . and .. in an address for folders.
        validators=[
            RegexValidator(r"^(?!\.{1,2}$)[^\s/]+$", "A SKU has neither spaces nor slashes, and is not . or ..")
        ],
    )
    title = models.CharField(max_length=300)
    category = models.ForeignKey(Category, models.PROTECT, related_name="products")
    price = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal(0))])
    currency = models.CharField(
        max_length=3,
        default=settings.CURRENCY,
        validators=[RegexValidator(r"^[A-Z]{3}$", "A currency is three capital letters.")],
    )
    in_stock = models.BooleanField("in stock", default=True)
    is_hidden = models.BooleanField("hidden", default=False, help_text="Visitors do not see hidden products.")
    # When catalog.importers.retirement hid it; it is shown again once its source names it.
    retired_at = models.DateTimeField(null=True, editable=False)
    # No URLField: its forms would make http://red of red.
    url = models.CharField(
        "page in the storefront",
        max_length=MAX_PAGE_URL,
        blank=True,
        default="",
        db_default="",
        validators=[PAGE_URL],
        help_text="Where a storefront of your own shows it: http or https. Empty: its page here.",
    )
    attributes = models.JSONField(
        default=dict, blank=True, help_text='Names and values as JSON, for example {"colour": "red"}.'
    )
    search = models.GeneratedField(
        expression=models.Func("title", "sku", "category_id", "attributes", function="catalog_document"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            GinIndex(fields=["search"], name="product_search"),  # catalog.search
            # catalog.listing, for visitors: each order, alone and within a category, reads no hidden product.
            models.Index(fields=["-created_at", "-id"], name="visible_newest", condition=VISIBLE),
            models.Index(fields=["price", "id"], name="visible_price", condition=VISIBLE),
            models.Index(fields=["title", "id"], name="visible_title", condition=VISIBLE),
            models.Index(fields=["category", "-created_at", "-id"], name="visible_category_newest", condition=VISIBLE),
            models.Index(fields=["category", "price", "id"], name="visible_category_price", condition=VISIBLE),
            models.Index(fields=["category", "title", "id"], name="visible_category_title", condition=VISIBLE),
            # The same for staff, who see hidden products as well: in the API and in the admin.
            models.Index(fields=["-created_at", "-id"], name="product_newest"),
            models.Index(fields=["price", "id"], name="product_price"),
            models.Index(fields=["title", "id"], name="product_title"),
            models.Index(fields=["updated_at"], name="product_updated"),  # `updated_since` of the API
            # The few that a filter of the admin looks for among very many.
            models.Index(fields=["-created_at", "-id"], name="product_hidden", condition=Q(is_hidden=True)),
            models.Index(fields=["-created_at", "-id"], name="product_sold_out", condition=Q(in_stock=False)),
            GinIndex(  # queries.products_of_variants
                SkusOfVariants(), name="product_variant_skus", condition=Q(attributes__has_key=VARIANT_SKU)
            ),
        ]
        constraints = [models.CheckConstraint(condition=Q(price__gte=0), name="price_is_not_negative")]

    def __str__(self) -> str:
        return f"{self.title} ({self.sku})"

    def get_absolute_url(self) -> str:
        return f"{_prefix(get_script_prefix())}{quote(self.sku, safe=URL_SAFE)}/"

    @property
    def primary_image(self) -> "ProductImage | None":
        """Return the first image, or None; a query, unless the images were prefetched (with_images)."""
        prefetched = vars(self).get("_prefetched_objects_cache", {}).get("images")  # as images.all() has them
        return next(iter(self.images.all() if prefetched is None else prefetched), None)


class ProductCount(models.Model):
    """A part of the number of products in a category; the number is the sum of the rows. Written by triggers alone.

    The triggers of migration 0008 add what each statement changed and merge the rows that no other transaction holds,
    so that writers never wait for each other. There are seldom more rows than pairs of category and `is_hidden`.
    """

    category = models.ForeignKey(Category, models.CASCADE, related_name="product_counts")
    is_hidden = models.BooleanField()
    products = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.products} products of category {self.category_id}"


def image_name(image: "ProductImage", filename: str) -> str:
    """Return a new random name for each file, so that a changed image is never served from a cache."""
    token = secrets.token_hex(12)
    return f"products/{token[:2]}/{token}.{filename.rsplit('.', 1)[-1].lower()}"


def thumbnail_name(image: "ProductImage", filename: str) -> str:
    token = secrets.token_hex(12)
    return f"thumbnails/{token[:2]}/{token}.webp"


class ProductImageQuerySet(models.QuerySet["ProductImage"]):
    def readable(self) -> Self:
        """Exclude images whose file cannot be read, as far as is known."""
        return self.filter(problem="")

    def unreadable(self) -> Self:
        """Exclude all but images that were set aside, as their files cannot be read."""
        return self.exclude(problem="")


class ProductImage(Renditions, models.Model):
    """An image of a product; the one of lowest position is the primary one. Written by catalog.products alone."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="images")
    position = models.PositiveSmallIntegerField(default=0)
    file = models.ImageField(upload_to=image_name, width_field="width", height_field="height", max_length=200)
    thumbnail = models.ImageField(upload_to=thumbnail_name, blank=True, max_length=200)  # empty: the file is small
    # Longest side of the largest WebP copy beside the thumbnail; there is one of each RENDITION_PIXELS up to it.
    largest_rendition = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    content_hash = models.CharField(max_length=64, editable=False)  # catalog.images.DecodedImage.content_hash
    file_hash = models.CharField(max_length=64, editable=False)  # catalog.images.file_hash: imports skip known files
    # catalog.fingerprints; null: not computed yet (stored by an earlier version), empty: the file cannot be read
    fingerprint = models.BinaryField(null=True, editable=False)
    # Written by catalog.readings. An image with a problem is left out of trainings and of what versions have to embed.
    problem = models.TextField(blank=True, db_default="", default="", editable=False)  # why its file cannot be read
    problem_since = models.DateTimeField(null=True, editable=False)
    retry_at = models.DateTimeField(null=True, editable=False)  # null: the sweep does not try it again
    # The part that models look at: left, top, right and bottom, as shares of the sides. Null: what they find in it.
    part = ArrayField(models.FloatField(), size=4, null=True, editable=False)
    # The file or URL that an import has it from, for the next one; empty: it came in another way, and imports keep it.
    source = models.TextField(blank=True, db_default="", default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProductImageQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        indexes = [
            models.Index(fields=["retry_at"], name="image_problem", condition=~Q(problem="")),  # the sweep's
            models.Index(fields=["id"], name="image_no_fingerprint", condition=Q(fingerprint=None)),  # the sweep's
            models.Index(fields=["file"], name="image_file"),  # files.remove_unnamed, as the next one
            models.Index(fields=["thumbnail"], name="image_thumbnail", condition=~Q(thumbnail="")),
        ]
        constraints = [models.UniqueConstraint(fields=["product", "position"], name="one_image_per_position")]

    def __str__(self) -> str:
        return f"picture {self.position + 1} of product {self.product_id}"


class ImageDownload(models.Model):
    """A URL whose image a product is to get; the row is deleted when it has it. Written by catalog.downloads."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="downloads")
    url = models.TextField()
    is_primary = models.BooleanField()  # it replaces the primary image; else it becomes the last one
    position = models.PositiveSmallIntegerField(null=True)  # that an import keeps for it; null: it comes from elsewhere
    tries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, default=timezone.now)  # null: it is not tried any more
    problem = models.TextField(blank=True)  # why the last try failed
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["retry_at", "id"], name="download_due")]  # downloads.claim
        constraints = [
            models.UniqueConstraint(fields=["product"], condition=Q(is_primary=True), name="one_primary_download"),
            models.UniqueConstraint(
                fields=["product", "position"], condition=Q(position__isnull=False), name="one_download_per_position"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.url} for product {self.product_id}"


class ImportProfile(models.Model):
    """A choice of columns for imports of tables. Written by catalog.importers.profiles."""

    name = models.CharField(max_length=100, unique=True)
    columns = models.JSONField()  # {column: what it is taken for}

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ImageReading(models.Model):
    """A reading of an image's file that has not ended: it goes on, or its process died. Written by catalog.readings."""

    # No foreign key: the check would lock the image, which may be deleted meanwhile.
    image_id = models.BigIntegerField(primary_key=True)
    tries = models.PositiveSmallIntegerField()  # that did not end
    began_at = models.DateTimeField(auto_now_add=True)  # the first of them

    def __str__(self) -> str:
        return f"{self.tries} readings of image {self.image_id}"


class Shopper(models.Model):
    """A customer with an account here, or in the shop that uses the API."""

    key = models.CharField(max_length=150, unique=True, help_text="The id of this shopper in the shop.")
    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="shopper"
    )
    is_simulated = models.BooleanField("simulated", default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class MergedSession(models.Model):
    """A guest's session whose interactions were moved to a shopper; the session itself stays known."""

    session = models.CharField(max_length=150, unique=True)
    shopper = models.ForeignKey(Shopper, models.CASCADE, related_name="merged_sessions")

    def __str__(self) -> str:
        return f"session {self.session[:8]}"


class Kind(models.TextChoices):
    VIEW = "view"
    CLICK = "click"
    LIKE = "like"
    DISLIKE = "dislike"
    CART = "cart"
    PURCHASE = "purchase"


OWN_ID = "~"  # before the number of an interaction whose sender gave it no id


class Interaction(models.Model):
    """An action of a shopper, or of a guest's session, on a product. Written by catalog.interactions alone."""

    shopper = models.ForeignKey(Shopper, models.CASCADE, null=True, blank=True, related_name="interactions")
    session = models.CharField(max_length=150, blank=True, help_text="The session key of a guest; empty for a shopper.")
    product = models.ForeignKey(Product, models.CASCADE, related_name="interactions")
    kind = models.CharField(max_length=10, choices=Kind)
    occurred_at = models.DateTimeField()
    event_id = models.CharField(
        max_length=150, blank=True, help_text="The id that the sender gave this event; empty if it gave none."
    )
    recommendation_id = models.UUIDField(null=True, blank=True)
    position = models.PositiveIntegerField(null=True, blank=True)
    placement = models.CharField(
        max_length=50,
        blank=True,
        help_text="The place in the shop where the recommendation was shown; empty if unknown.",
    )
    recorded_at = models.DateTimeField(auto_now_add=True)
    is_verified = models.BooleanField(
        "verified",
        db_default=False,
        default=False,
        help_text="Sent by this shopper, by a guest whom the shop knew already, or for them by who may.",
    )

    class Meta:
        ordering = ["-occurred_at", "-pk"]
        indexes = [
            models.Index(fields=["shopper", "-occurred_at"], name="interaction_shopper"),  # a shopper's history
            models.Index(fields=["session", "-occurred_at"], name="interaction_session", condition=~Q(session="")),
            models.Index(fields=["-occurred_at", "-id"], name="interaction_newest"),  # the admin's list
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(shopper__isnull=False, session="") | (Q(shopper__isnull=True) & ~Q(session="")),
                name="shopper_or_session",
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="known_kind"),
            # The same id twice counts once, for each shopper or session apart: nobody can use up another's ids.
            models.UniqueConstraint(
                fields=["shopper", "event_id"],
                condition=Q(shopper__isnull=False) & ~Q(event_id=""),
                name="one_event_per_shopper_and_id",
            ),
            models.UniqueConstraint(
                fields=["session", "event_id"],
                condition=~Q(session="") & ~Q(event_id=""),
                name="one_event_per_session_and_id",
            ),
        ]

    @property
    def public_id(self) -> str:
        """Return the id by which this is named among those of its shopper or session: the sender's, or our own."""
        return self.event_id or f"{OWN_ID}{self.pk}"

    @property
    def exported_id(self) -> str:
        """Return the id that exports have: of one without an id, no other shop has the same."""
        return self.event_id or f"{OWN_ID}{self.pk}@{self.recorded_at:%Y%m%d%H%M%S%f}"

    def __str__(self) -> str:
        return f"{self.kind} of product {self.product_id}"
