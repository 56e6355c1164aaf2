"""Lists of products, page by page: searched, filtered, ordered, counted.

A page has a number, which skips the rows before it and is meant for the first of them, or a cursor: the position of the
row that it begins after or ends before. Pages by cursor cost the same however far they are.
"""

from dataclasses import dataclass, replace
from typing import Self

from django.core.signing import BadSignature, Signer
from django.db.models import F, Func, OrderBy, Q, Sum
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from catalog import queries
from catalog.counts import Count, count, verified
from catalog.errors import NoSuchPage
from catalog.models import VISIBLE, Category, Product, ProductCount, ProductQuerySet
from catalog.queries import Filters
from catalog.search import Matches, Relevance, attribute_queries, read

CATEGORY = "category"
RELEVANCE = "relevance"
NEWEST = "-created_at"
RANKED = 2_000  # products that are compared by how well they match: reading them takes some milliseconds
SOME = 1_000  # products among which one is looked for that passes several filters at once
NUMBERED = 10_000  # rows among which pages have numbers; skipping so many takes some milliseconds

signer = Signer(salt="catalog.listing")  # a cursor that we made needs no further check


@dataclass(frozen=True)
class Cursor:
    """A place in a list, for the page that follows it or, if `backwards`, that precedes it.

    position: the ordering's column, as text, and the id of a product; None for the place before all but a pinned one.
    number: of that page, counted from the first; nominal, as products come and go between two requests.
    """

    ordering: str
    position: tuple[str, int] | None
    number: int
    backwards: bool = False

    def encode(self) -> str:
        return signer.sign_object([self.ordering, self.position, self.number, self.backwards])

    @classmethod
    def decode(cls, text: str) -> Self:
        """Return the cursor that `encode` has made this text of. Raises NoSuchPage for any other text."""
        try:
            ordering, position, number, backwards = signer.unsign_object(text)
        except BadSignature as error:
            raise NoSuchPage("The cursor is not one of this list.") from error
        return cls(ordering, tuple(position) if position else None, number, backwards)


@dataclass(frozen=True)
class Page:
    """Products of a page, how many the whole list has, and the cursors of its neighbours; empty: there is none."""

    products: list[Product]
    number: int
    count: int
    is_estimated: bool
    previous: str
    next: str


class Row(Func):
    """Several columns as one value. No index has this order: the rows are collected by their filters, then sorted."""

    function = "ROW"


def parse_number(text: str) -> int:
    """Return the number of a page. Raises NoSuchPage if the text is none."""
    if not (text.isdecimal() and len(text) < 10 and int(text)):
        raise NoSuchPage("Pages are numbered from 1.")
    return int(text)


def is_sku(text: str) -> bool:
    return bool(text) and not any(map(str.isspace, text))


class Listing:
    """The products that match `search` and pass `filters`, in the order of one column and, within equals, of the id.

    A product whose SKU is `search` itself is pinned: it comes first, whatever the order. Where nothing has all words of
    `search`, those are listed that have most of them: `is_nearest` says so.
    ordering: RELEVANCE for the best matches first, of a list that is not too long; else the newest.
    with_hidden: whether hidden products are listed too.
    """

    def __init__(self, ordering: str, filters: Filters, search: str = "", with_hidden: bool = False) -> None:
        self.order_by(ordering)
        self.is_ranked = ordering == RELEVANCE
        several = filters.get("categories") or [name for name in [filters.get("category", "")] if name]
        attributes = {name.lower(): values for name, values in filters.get("attributes", {}).items()}
        # The values chosen of each attribute, and of CATEGORY.
        self.chosen = attributes | ({CATEGORY: several} if several else {})
        # By their ids: with names PostgreSQL would neither know how many products to expect nor read them in order.
        self.categories = list(Category.objects.filter(name__in=several)) if several else None
        self.attribute_queries = attribute_queries(attributes)
        bounds = {name: filters.get(name) for name in ("min_price", "max_price", "in_stock", "updated_since")}
        self.is_counted = not (search.strip() or attributes or any(bound is not None for bound in bounds.values()))
        self.visible = Q() if with_hidden else VISIBLE
        self.narrowed = queries.narrow(Product.objects.filter(self.visible), **bounds)  # type: ignore[arg-type]  # by name
        self.wanted = read(search)
        sku = search.strip()
        self.pinned = self.all_of("").filter(sku=sku).with_images().first() if is_sku(sku) else None
        self.query, self.found, self.total = self.find()
        self.is_nearest = self.query != self.wanted.exact and self.total.number > 0
        if ordering == RELEVANCE:
            self.order_by("-relevance" if self.wanted.rank and self.total.number <= RANKED else NEWEST)

    def find(self) -> tuple[str | None, ProductQuerySet, Count]:
        """Return the first query of the text that any product matches, these products and their number."""
        if self.pinned and self.wanted.exact is None:  # its SKU has no word: it is all punctuation
            return None, self.narrowed.filter(pk=self.pinned.pk), Count(1, 1, is_estimated=False)
        for query in (self.wanted.exact, *self.wanted.weaker):
            found, total = self.matching(query)
            if total.number:
                break
        return query, found, total

    def without(self, name: str) -> tuple[ProductQuerySet, Count]:
        """Return the products that pass all filters but that of an attribute, or of CATEGORY, and their number."""
        return self.matching(self.query, name) if name in self.chosen else (self.found, self.total)

    def matching(self, query: str | None, left_out: str = "") -> tuple[ProductQuerySet, Count]:
        """Return the products that match a query, and their number: of ProductCount where that has it."""
        if query is None:
            return self.narrowed.none(), Count(0, 0, is_estimated=False)
        found = self.all_of(query, left_out)
        if self.is_counted:
            counters = ProductCount.objects.filter(self.visible, self.of_categories(left_out))
            products = counters.aggregate(products=Sum("products", default=0))["products"]
            return found, Count(products, products, is_estimated=False)
        total = count(found)
        has_several = bool(self.wanted.weaker) or len(self.chosen) + bool(query) > 1
        some = Product.objects.filter(self.visible).order_by(NEWEST, "-pk")[:SOME]
        return found, verified(total, found, some) if has_several else total

    def all_of(self, query: str, left_out: str = "") -> ProductQuerySet:
        """Return the products that match a query and pass the filters but one."""
        needed = [text for name, text in self.attribute_queries.items() if name != left_out]
        whole = " & ".join(f"({text})" for text in [query, *needed] if text)
        found = self.narrowed.filter(self.of_categories(left_out))
        return found.filter(Matches(whole)) if whole else found

    def of_categories(self, left_out: str) -> Q:
        """Return the condition of the chosen categories; an only one is by itself, as an index has its products."""
        if self.categories is None or left_out == CATEGORY:
            return Q()
        return Q(category=self.categories[0]) if len(self.categories) == 1 else Q(category__in=self.categories)

    def order_by(self, ordering: str) -> None:
        self.ordering = ordering
        self.column = ordering.removeprefix("-")

    def last_number(self, size: int) -> int:
        """Return the number of the last page that has one: pages further on are reached by cursors alone."""
        return max(min(-(-self.total.number // size), NUMBERED // size), 1)

    def page_at(self, number: int, size: int) -> Page:
        """Return a page by its number. Raises NoSuchPage if it is too far; the first page alone may be empty."""
        skipped = (number - 1) * size
        if skipped + size > NUMBERED:
            raise NoSuchPage(f"Pages of {size} have numbers up to {NUMBERED // size}; follow `next` to later ones.")
        head = [self.pinned] if self.pinned and not skipped else []
        offset = skipped - 1 if self.pinned and skipped else skipped
        rows = head + list(self.rows()[offset : offset + size + 1 - len(head)])
        if skipped and not rows:
            raise NoSuchPage("It has no products.")
        page = self.page(rows[:size], number, before=skipped > 0, after=len(rows) > size)
        return page if page.next else replace(page, count=skipped + len(rows), is_estimated=False)

    def page_from(self, text: str, size: int) -> Page:
        """Return the page at a cursor. Raises NoSuchPage if the cursor is none of a list in this order."""
        cursor = Cursor.decode(text)
        if self.is_ranked and cursor.ordering in ("-relevance", NEWEST):  # the list may have become longer or shorter
            self.order_by(cursor.ordering)
        if cursor.ordering != self.ordering:
            raise NoSuchPage(f"The cursor is of a list in the order {cursor.ordering}, not {self.ordering}.")
        rows = list(self.rows(cursor)[: size + 1])
        if not cursor.backwards:
            return self.page(rows[:size], cursor.number, before=True, after=len(rows) > size)
        if self.pinned and len(rows) <= size:
            rows.append(self.pinned)
        return self.page(rows[:size][::-1], cursor.number, before=len(rows) > size, after=True)

    def rows(self, cursor: Cursor | None = None) -> ProductQuerySet:
        """Return the products but the pinned one, from a cursor on, in its direction."""
        rows = self.found.exclude(pk=self.pinned.pk) if self.pinned else self.found
        if self.column == "relevance":
            rows = rows.annotate(relevance=Relevance(self.wanted.rank))
        descends = self.ordering.startswith("-") != (cursor is not None and cursor.backwards)
        if cursor and cursor.position:
            compare = TupleLessThan if descends else TupleGreaterThan
            rows = rows.filter(compare(Tuple(F(self.column), F("pk")), cursor.position))
        columns: list[F | Row] = [F(self.column), F("pk")]
        # PostgreSQL takes the beginning of a word for half a percent of all products at least, and conditions for
        # independent. Where it expects too many it would read the index of the order, and most of it in vain.
        if 2 * self.total.number < self.total.expected:
            columns = [Row(*columns)]
        return rows.with_images().order_by(*(OrderBy(column, descending=descends) for column in columns))

    def page(self, products: list[Product], number: int, *, before: bool, after: bool) -> Page:
        def cursor(product: Product, number: int, backwards: bool) -> str:
            position = None if product == self.pinned else (str(getattr(product, self.column)), product.pk)
            return Cursor(self.ordering, position, number, backwards).encode()

        return Page(
            products,
            number,
            self.total.number,
            self.total.is_estimated,
            previous=cursor(products[0], max(number - 1, 1), True) if products and before else "",
            next=cursor(products[-1], number + 1, False) if products and after else "",
        )
