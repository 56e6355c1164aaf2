"""Forms of imports in the admin: a file, what its columns are taken for, and a feed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms

from catalog.errors import FetchRefused
from catalog.fetching import parse_target
from catalog.importers.columns import PRODUCTS
from catalog.models import ImportProfile
from recommender.imports.models import Feed

if TYPE_CHECKING:
    FeedModelForm = forms.ModelForm[Feed]
else:
    FeedModelForm = forms.ModelForm  # generic in the stubs alone

FIELD_LABELS = {
    "sku": "SKU",
    "in_stock": "in stock",
    "url": "page in the storefront",
    "image": "first picture",
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
        """Return the columns of the profile by our fields."""
        profile = self.cleaned_data["profile"]
        return dict(profile.columns) if profile else {}


class ColumnsForm(forms.Form):
    """A select box for each column of a table, and the name of a profile that the choice is stored as."""

    store_as = forms.CharField(
        label="Store these columns as a profile",
        required=False,
        max_length=100,
        help_text="A name; the next file, or a feed, can be read in the same way. Stored once the import is done.",
    )

    def __init__(self, data: Any, mapping: Sequence[tuple[str, str]], chosen: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.mapping = mapping
        fields = {column: field for field, column in chosen.items()}
        for index, (column, meaning) in enumerate(mapping):
            choices = [("", "as recognised" if column in fields else f"as recognised: {label_of(meaning)}")]
            choices += [(field, label_of(field)) for field in PRODUCTS]
            self.fields[f"column-{index}"] = forms.ChoiceField(
                label=column, choices=choices, required=False, initial=fields.get(column, "")
            )

    @property
    def selects(self) -> list[forms.BoundField]:
        return [self[f"column-{index}"] for index in range(len(self.mapping))]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        chosen: dict[str, str] = {}
        for index, (column, _) in enumerate(self.mapping):
            field = values.get(f"column-{index}")
            if field in chosen:
                self.add_error(f"column-{index}", f"{label_of(field)} is chosen for {chosen[field]} already.")
            elif field:
                chosen[field] = column
        return values | {"chosen": chosen}


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
            raise forms.ValidationError(f"It cannot be fetched: {error}.") from error
        return url
