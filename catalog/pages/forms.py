"""What visitors and staff type, checked."""

from django import forms
from django.utils.text import capfirst

from catalog.categories import find_by_name
from catalog.models import Category, Kind

ORDERINGS = {
    "-created_at": "Newest first",
    "price": "Price, low to high",
    "-price": "Price, high to low",
    "title": "Title, A to Z",
}


class Amount(forms.TextInput):
    """A number that is shown again as it was typed, even if it is none."""

    def __init__(self):
        super().__init__({"inputmode": "decimal", "autocomplete": "off"})


class BrowseForm(forms.Form):
    """The filters of /products/. A value that makes no sense is told and left out; the others still count."""

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

    def __init__(self, data, categories: list[Category]):
        told = data.get("category", "")
        if told and (found := find_by_name([told])):  # a link may spell it in another way
            data = dict(data.items()) | {"category": found[told].name}
        super().__init__(data)
        named = [(category.name, f"{category.name} ({category.visible_products})") for category in categories]
        self.fields["category"].choices = [("", "All categories"), *named]
        self.full_clean()

    def clean(self) -> dict:
        asked = super().clean()
        low, high = asked.get("min_price"), asked.get("max_price")
        if low is not None and high is not None and low > high:
            self.add_error("max_price", f"{high} is less than the lowest price asked for, {low}.")
        return asked

    @property
    def filters(self) -> dict:
        """What queries.narrow takes, of the values that make sense."""
        asked = self.cleaned_data
        return {
            "category": asked.get("category", ""),
            "min_price": asked.get("min_price"),
            "max_price": asked.get("max_price"),
            "in_stock": True if asked.get("in_stock") else None,
        }

    @property
    def search_text(self) -> str:
        return self.cleaned_data.get("search", "")

    @property
    def order(self) -> str:
        return self.cleaned_data.get("ordering") or "-created_at"

    @property
    def heading(self) -> str:
        """What the list is, in words."""
        if self.search_text:
            return f"Results for “{self.search_text}”"
        return capfirst(self.filters["category"]) or "All products"

    @property
    def narrows(self) -> bool:
        return bool(self.search_text or any(value not in ("", None) for value in self.filters.values()))


class VerdictForm(forms.Form):
    """A like, a dislike, or neither: what the visitor said before is withdrawn."""

    verdict = forms.ChoiceField(choices=[(Kind.LIKE, "like"), (Kind.DISLIKE, "dislike"), ("none", "neither")])


class OriginForm(forms.Form):
    """What a link out of a recommendation carries."""

    rec = forms.UUIDField()
    pos = forms.IntegerField(min_value=1, max_value=1000)
