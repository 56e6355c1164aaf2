"""Lists of products: their parameters, and what they have besides the products."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog import facets
from catalog.facets import SAMPLED
from catalog.listing import CATEGORY, NEWEST, RANKED, RELEVANCE, Listing
from recommender.api.fields import STORABLE, BoundedList, Filters, Limit, Timestamp, known_category
from recommender.api.pagination import ProductPages

ORDERINGS = [f"{sign}{column}" for column in ("price", "title", "created_at") for sign in ("", "-")] + [RELEVANCE]


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "example": {"attributes.colour": "red", "attributes.pattern": "dots"},
    }
)
class AttributeFilters(serializers.Field[dict[str, list[str]], QueryDict, None, Any]):
    """Parameters `attributes.NAME=VALUE`: the values of each name."""

    PREFIX = "attributes."
    MAX_NAMES, MAX_VALUES, MAX_LENGTH = 10, 20, 300

    def get_value(self, dictionary: Mapping[str, Any]) -> QueryDict:
        assert isinstance(dictionary, QueryDict)  # a query string is one
        return dictionary

    def to_internal_value(self, data: QueryDict) -> dict[str, list[str]]:
        named = {name.removeprefix(self.PREFIX): data.getlist(name) for name in data if name.startswith(self.PREFIX)}
        found = {name: list(filter(str.strip, values)) for name, values in named.items() if any(map(str.strip, values))}
        if len(found) > self.MAX_NAMES:
            raise serializers.ValidationError(f"{len(found)} attributes; at most {self.MAX_NAMES} are allowed.")
        for name, values in found.items():
            if len(values) > self.MAX_VALUES:
                raise serializers.ValidationError(
                    f"{name}: {len(values)} values; at most {self.MAX_VALUES} are allowed."
                )
            for text in (name, *values):
                if len(text) > self.MAX_LENGTH:
                    raise serializers.ValidationError(f"At most {self.MAX_LENGTH} characters are allowed.")
                for validate in STORABLE:
                    validate(text)
        return found


class ProductParams(Filters):
    """Parameters of a list of products."""

    MAX_FACETS = 10

    category = BoundedList(  # type: ignore[assignment]  # several here
        child=serializers.CharField(allow_blank=True, max_length=100),
        required=False,
        max_length=50,
        help_text="Name of a category; upper and lower case are the same. Repeat it for products of any of several.",
    )
    attributes = AttributeFilters(
        required=False,
        help_text="`attributes.NAME=VALUE`: products whose attribute has this value. Repeat it with another "
        "value for products that have any of them, with another name for products that have both.",
    )
    facets = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=500,
        help_text=f"Names of up to {MAX_FACETS} attributes with commas between, with or without `attributes.`, and "
        "`category`; upper and lower case are the same. The response has `facets`, with the values of each under the "
        "name that was given, and the number of products that has it. Each counts what passes all other filters. "
        f"In lists of more than {SAMPLED:,} products the numbers are estimates from the newest of these.",
    )

    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Words of the title, of the SKU, of the category and of attributes, such as the brand: their "
        "beginnings, other forms of them, and synonyms. A product whose SKU is this text comes first. In place of a "
        "word that the catalogue does not have, the nearest ones are searched for, and `corrected` has them. Where no "
        "product has all words, those are listed that have most of them, and `nearest` is true.",
    )
    updated_since = Timestamp(
        required=False,
        help_text="Products that were created or changed since, in more than the name of their category.",
    )
    ordering = serializers.ChoiceField(
        ORDERINGS,
        required=False,
        help_text=f"Default: `{RELEVANCE}` for a search, else `{NEWEST}`. `{RELEVANCE}`: the best matches first, of up "
        f"to {RANKED:,}; the newest, of more.",
    )
    limit = Limit(required=False, help_text=f"Products a page. Default: {ProductPages.page_size}.")

    def validate_category(self, names: list[str]) -> list[str]:  # type: ignore[override]  # several here
        return [known_category(name) for name in names if name]

    def validate_facets(self, text: str) -> list[str]:
        names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        if len(names) > self.MAX_FACETS:
            raise serializers.ValidationError(f"{len(names)} facets; at most {self.MAX_FACETS} are allowed.")
        return names


def notes_of(found: Listing, names: Sequence[str]) -> dict[str, Any]:
    """Return what a list says of its search, and the facets of these names, with those that are unknown."""
    notes: dict[str, Any] = {"nearest": True} if found.is_nearest else {}
    if found.wanted.corrected:
        notes["corrected"] = found.wanted.corrected
    plain = {name: name.removeprefix(AttributeFilters.PREFIX) for name in names}
    doubtful = [] if found.total.number else [name for name in found.chosen if name != CATEGORY]
    if names:
        counted = {facet.name: facet for facet in facets.count_values(found, list(dict.fromkeys(plain.values())))}
        notes["facets"] = {
            name: [{"value": value.value, "count": value.count} for value in counted[plain[name]].values]
            for name in names
        }
        doubtful += [name for name, facet in counted.items() if not any(value.count for value in facet.values)]
    if unknown := facets.find_unknown(found, dict.fromkeys(doubtful)):
        notes["unknown_attributes"] = unknown
    return notes
