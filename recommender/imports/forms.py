"""Forms of imports in the admin: a file, what its columns are taken for, and a feed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings

from catalog.errors import FetchRefused
from catalog.fetching import parse_target
from catalog.importers.columns import EVENT_MEANINGS, EVENTS, MEANINGS, PRODUCTS
from catalog.models import ImportProfile
from recommender.imports.models import Feed, RunKind

if TYPE_CHECKING:
    FeedModelForm = forms.ModelForm[Feed]
else:
    FeedModelForm = forms.ModelForm  # generic in the stubs alone

FIELD_LABELS = {
    "sku": "SKU",
    "user": "shopper",
    "session": "guest's session",
    "kind": "kind: view, like, cart, purchase …",
    "timestamp": "time",
    "id": "id of the event",
    "is_verified": "verified",
    "in_stock": "in stock",
    "url": "page in the storefront",
    "image": "first picture",
    "images": "further pictures",
    "hidden": "hidden: yes or no",
    "visible": "visible: yes or no, published or draft",
    "attribute": "attribute",
    "ignore": "left out",
}


class UploadForm(forms.Form):
    source = forms.FileField(
        label="File",
        help_text="A zip with pictures and a table, a zip with pictures in folders, a table (CSV, Excel, JSON, XML).",
    )
    profile = forms.ModelChoiceField(
        ImportProfile.objects.all(), required=False, help_text="A choice of columns that was stored with an import."
    )

    @property
    def columns(self) -> dict[str, str]:
        """Return what the profile takes columns for."""
        profile = self.cleaned_data["profile"]
        return dict(profile.columns) if profile else {}


def positive_field() -> forms.FloatField:
    return forms.FloatField(
        label="Ratings that are likes",
        required=False,
        help_text="Of a file of ratings: those of this number or more count as likes, the others are left out.",
    )


class EventsForm(forms.Form):
    source = forms.FileField(
        label="File",
        help_text="A table (CSV, Excel, JSON) with user, sku, kind and timestamp, or an export of Google Analytics 4, "
        "of Matomo, or of the orders of Shopify or WooCommerce.",
    )
    positive = positive_field()
    columns: ClassVar[Mapping[str, str]] = {}


class ColumnsForm(forms.Form):
    """A select box for each column of a table, and what else the import of a file is told."""

    singles: ClassVar[Mapping[str, object]]  # fields that one column has
    others: ClassVar[Mapping[str, object]]  # what several may be taken for

    def __init__(self, data: Any, mapping: Sequence[tuple[str, str]], chosen: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.mapping = mapping
        for index, (column, meaning) in enumerate(mapping):
            choices = [("", "as recognised" if column in chosen else f"as recognised: {label_of(meaning)}")]
            choices += [(field, label_of(field)) for field in (*self.singles, *self.others)]
            self.fields[f"column-{index}"] = forms.ChoiceField(
                label=column, choices=choices, required=False, initial=chosen.get(column, "")
            )

    @property
    def selects(self) -> list[forms.BoundField]:
        return [self[f"column-{index}"] for index in range(len(self.mapping))]

    @property
    def more(self) -> list[forms.BoundField]:
        """Return the fields besides the select boxes; what a profile has is nothing without these."""
        return [self[name] for name in self.base_fields if self.mapping or name != "store_as"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        chosen: dict[str, str] = {}
        for index, (column, _) in enumerate(self.mapping):
            field: str = values.get(f"column-{index}") or ""
            if field in self.singles and field in chosen.values():
                other = next(name for name, taken in chosen.items() if taken == field)
                self.add_error(f"column-{index}", f"{label_of(field)} is chosen for {other} already.")
            elif field:
                chosen[column] = field
        more: dict[str, Any] = {name: values[name] for name in ("store_as", "positive") if name in values}
        return values | {"choices": {"columns": chosen, **more}}


class ProductColumnsForm(ColumnsForm):
    singles = PRODUCTS
    others = MEANINGS
    store_as = forms.CharField(
        label="Store these columns as a profile",
        required=False,
        max_length=100,
        help_text="A name; the next file, or a feed, can be read in the same way. Stored once the import is done.",
    )


class EventColumnsForm(ColumnsForm):
    singles = EVENTS
    others = EVENT_MEANINGS
    positive = positive_field()


UPLOADS: Mapping[str, type[UploadForm | EventsForm]] = {
    RunKind.PRODUCTS: UploadForm,
    RunKind.INTERACTIONS: EventsForm,
}
COLUMNS: Mapping[str, type[ProductColumnsForm | EventColumnsForm]] = {
    RunKind.PRODUCTS: ProductColumnsForm,
    RunKind.INTERACTIONS: EventColumnsForm,
}


def label_of(field: str) -> str:
    return FIELD_LABELS.get(field, field)


class FeedForm(FeedModelForm):
    class Meta:
        model = Feed
        fields = ["name", "url", "profile", "interval", "hour", "retire", "most_retired", "is_enabled"]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            parse_target(url)
        except FetchRefused as error:
            hosts = ", ".join(settings.IMAGE_HOSTS) or "no host: it is empty"
            raise forms.ValidationError(
                f"It cannot be fetched: {error}. Feeds have URLs with http:// or https:// of a host that the setting "
                f"VISREC_IMAGE_HOSTS names, which is {hosts}."
            ) from error
        return url
