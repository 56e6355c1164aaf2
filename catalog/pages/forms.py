"""Forms of the shop's pages: filters, likes and dislikes, links out of recommendations."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django import forms
from django.utils.text import capfirst

from catalog.categories import find_by_name
from catalog.listing import NEWEST, RELEVANCE
from catalog.models import Category, Kind
from catalog.queries import Filters

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    from catalog.queries import VisibleProducts

ORDERINGS = {
    "-created_at": "Newest first",
    "price": "Price, low to high",
    "-price": "Price, high to low",
    "title": "Title, A to Z",
}


class Amount(forms.TextInput):
    """A text input for a number, which shows again what was typed, even if it is no number."""

    def __init__(self) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off"})


class BrowseForm(forms.Form):
    """Filters of /products/. An invalid value gets an error and is left out; the others still count."""

    search = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)  # typed in the page's header
    category = forms.ChoiceField(required=False)
    min_price = forms.DecimalField(
        label="Price from", required=False, min_value=0, max_digits=10, decimal_places=2, widget=Amount
    )
    max_price = forms.DecimalField(
        label="Price to", required=False, min_value=0, max_digits=10, decimal_places=2, widget=Amount
    )
    in_stock = forms.BooleanField(label="In stock only", required=False)
    ordering = forms.ChoiceField(label="Sort by", required=False, choices=list(ORDERINGS.items()))

    def __init__(
        self, data: Mapping[str, str], categories: "Sequence[WithAnnotations[Category, VisibleProducts]]"
    ) -> None:
        name = data.get("category", "")
        if name and (found := find_by_name([name])):  # a link may spell it in another way
            data = dict(data.items()) | {"category": found[name].name}
        super().__init__(data)
        named = [(category.name, f"{category.name} ({category.visible_products})") for category in categories]
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "All categories"), *named]
        if data.get("search", "").strip():
            ordering = self.fields["ordering"]
            assert isinstance(ordering, forms.ChoiceField)
            ordering.choices = [(RELEVANCE, "Best match"), *ORDERINGS.items()]
        self.full_clean()

    def clean(self) -> None:
        super().clean()
        low, high = self.cleaned_data.get("min_price"), self.cleaned_data.get("max_price")
        if low is not None and high is not None and low > high:
            self.add_error("max_price", f"{high} is less than the lowest price asked for, {low}.")

    @property
    def filters(self) -> Filters:
        """Return the arguments for queries.narrow, without invalid values."""
        valid = self.cleaned_data
        return {
            "category": valid.get("category", ""),
            "min_price": valid.get("min_price"),
            "max_price": valid.get("max_price"),
            "in_stock": True if valid.get("in_stock") else None,
        }

    @property
    def search_text(self) -> str:
        return str(self.cleaned_data.get("search", ""))

    @property
    def order(self) -> str:
        return self.cleaned_data.get("ordering") or (RELEVANCE if self.search_text.strip() else NEWEST)

    @property
    def heading(self) -> str:
        """Return the heading of the list: the text searched for, the category, or "All products"."""
        if self.search_text:
            return f"Results for “{self.search_text}”"
        return capfirst(self.filters["category"]) or "All products"

    @property
    def narrows(self) -> bool:
        return bool(self.search_text or any(value not in ("", None) for value in self.filters.values()))


class RatingForm(forms.Form):
    """A like, a dislike, or `none`, which takes an earlier one back."""

    verdict = forms.ChoiceField(choices=[(Kind.LIKE, "like"), (Kind.DISLIKE, "dislike"), ("none", "neither")])


class OriginForm(forms.Form):
    """Parameters of a link that a recommendation shows: its id, and the position in it."""

    rec = forms.UUIDField()
    pos = forms.IntegerField(min_value=1, max_value=1000)
