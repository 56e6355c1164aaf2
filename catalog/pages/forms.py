"""Forms of the shop's pages: filters, likes and dislikes, links out of recommendations."""

from django import forms
from django.http import QueryDict
from django.utils.text import capfirst

from catalog import interactions
from catalog.categories import find_by_name
from catalog.listing import NEWEST, RELEVANCE
from catalog.models import Kind, Product
from catalog.queries import Filters
from catalog.visitors import Visitor

PREFIX = "attributes."
MOST_CHOSEN = 20  # attributes, values of one, and categories; others are left out

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
    min_price = forms.DecimalField(
        label="Price from", required=False, min_value=0, max_digits=10, decimal_places=2, widget=Amount
    )
    max_price = forms.DecimalField(
        label="Price to", required=False, min_value=0, max_digits=10, decimal_places=2, widget=Amount
    )
    in_stock = forms.BooleanField(label="In stock only", required=False)
    ordering = forms.ChoiceField(label="Sort by", required=False, choices=list(ORDERINGS.items()))
    category = forms.MultipleChoiceField(required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        names = [name for name in data.getlist("category") if name][:MOST_CHOSEN]
        self.categories = find_by_name(names)  # a link may spell them in another way
        category, ordering = self.fields["category"], self.fields["ordering"]
        assert isinstance(category, forms.ChoiceField) and isinstance(ordering, forms.ChoiceField)
        category.choices = [(name, name) for name in ["", *self.categories]]
        if data.get("search", "").strip():
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
            "categories": [self.categories[name].name for name in valid.get("category", []) if name],
            "attributes": self.attributes,
            "min_price": valid.get("min_price"),
            "max_price": valid.get("max_price"),
            "in_stock": True if valid.get("in_stock") else None,
        }

    @property
    def attributes(self) -> dict[str, list[str]]:
        """Return the values chosen of each attribute, of parameters such as attributes.colour=red."""
        assert isinstance(self.data, QueryDict)
        named = {name: list(filter(str.strip, values)) for name, values in self.data.lists() if name.startswith(PREFIX)}
        chosen = {name.removeprefix(PREFIX): values[:MOST_CHOSEN] for name, values in named.items() if values}
        return dict(list(chosen.items())[:MOST_CHOSEN])

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
        names = self.filters["categories"]
        return capfirst(names[0]) if len(names) == 1 else "All products"

    @property
    def narrows(self) -> bool:
        return bool(self.search_text or any(value not in ([], {}, None) for value in self.filters.values()))


class RatingForm(forms.Form):
    """A like, a dislike, or `none`, which takes an earlier one back."""

    verdict = forms.ChoiceField(choices=[(Kind.LIKE, "like"), (Kind.DISLIKE, "dislike"), ("none", "neither")])

    def apply(self, visitor: Visitor, product: Product) -> None:
        """Record the visitor's verdict on a product."""
        choice = self.cleaned_data["verdict"]
        if choice == "none":
            interactions.remove_rating(visitor, product)
        else:
            interactions.rate(visitor, product, Kind(choice))


class OriginForm(forms.Form):
    """Parameters of a link that a recommendation shows: its id, the position in it, and where it is shown."""

    rec = forms.UUIDField()
    pos = forms.IntegerField(min_value=1, max_value=1000)
    at = forms.CharField(max_length=50, required=False)
