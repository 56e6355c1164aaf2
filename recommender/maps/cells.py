"""Cells of a map: of each that is in view how many products it has, and the most popular of them.

A view has CELLS x CELLS cells however far one has zoomed in, so that a page has no more pictures than that.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cachetools

from catalog.models import Product
from catalog.rows import VISIBLE, Sql, fetch, products_by_id
from recommender.maps.models import MapPoint, TasteMap

CELLS = 12  # a side of a view
DEEPEST = 11  # zoom
SIDE = CELLS << DEEPEST  # of the whole map; a cell of the deepest zoom is 1 wide
FRESH_SECONDS = 60  # for which cells are shown again: of a million products they take a second

Point = tuple[int, int]  # coordinates on the map, or of a cell

CELLS_IN_VIEW = """
    SELECT cell.x, cell.y, cell.count, m.product_id FROM (
        SELECT m.x / {size} AS x, m.y / {size} AS y, count(*) AS count, min(m.rank) AS rank
        FROM maps_mappoint m JOIN catalog_product p ON p.id = m.product_id
        WHERE m.map_id = %s AND m.x >= %s AND m.x < %s AND m.y >= %s AND m.y < %s AND {where}
        GROUP BY 1, 2
    ) cell JOIN maps_mappoint m ON m.map_id = %s AND m.rank = cell.rank
"""


@dataclass(frozen=True)
class Filter:
    """Conditions on the products of a map; empty: any product."""

    category: str = ""
    attribute: str = ""
    value: str = ""  # of the attribute

    @property
    def where(self) -> Sql:
        """Return the condition on products `p`."""
        found = VISIBLE
        if self.category:
            found &= Sql("p.category_id = (SELECT id FROM catalog_category WHERE name = %s)", (self.category,))
        if self.attribute:
            given = (self.value.lower(), self.attribute)
            found &= Sql("%s = ANY(string_to_array(lower(p.attributes ->> %s), ', '))", given)
        return found


@dataclass(frozen=True)
class View:
    """A part of a map: `zoom` times halved, with the cell at (left, top) of that zoom in its upper left corner."""

    zoom: int = 0
    left: int = 0
    top: int = 0

    @classmethod
    def of(cls, zoom: int, left: int, top: int) -> Self:
        """Return the view that is nearest to these numbers."""
        zoom = min(max(zoom, 0), DEEPEST)
        last = (CELLS << zoom) - CELLS
        return cls(zoom, min(max(left, 0), last), min(max(top, 0), last))

    @classmethod
    def centred_at(cls, point: Point, zoom: int) -> Self:
        """Return the view of a zoom that has a point of the map in its middle."""
        x, y = (each // (SIDE // (CELLS << zoom)) - CELLS // 2 for each in point)
        return cls.of(zoom, x, y)

    @property
    def size(self) -> int:
        """Return the side of a cell on the map."""
        return SIDE // (CELLS << self.zoom)

    def moved(self, right: int, down: int) -> "View":
        """Return the view that is moved by half of its side, in these directions."""
        half = CELLS // 2
        return View.of(self.zoom, self.left + right * half, self.top + down * half)

    def zoomed(self, cell: Point, by: int = 1) -> "View":
        """Return the view that is zoomed in by as much, around the middle of a cell."""
        x, y = (each * self.size + self.size // 2 for each in cell)
        return View.centred_at((x, y), min(self.zoom + by, DEEPEST))

    def scaled(self, by: int) -> "View":
        """Return the view that is zoomed in by as much, or out if it is negative, around the same middle."""
        x, y = ((each + CELLS // 2) * self.size for each in (self.left, self.top))
        return View.centred_at((x, y), min(max(self.zoom + by, 0), DEEPEST))

    def cell_of(self, point: Point) -> Point | None:
        """Return the cell in view that a point of the map is in; None if it is out of view."""
        x, y = (each // self.size for each in point)
        is_seen = self.left <= x < self.left + CELLS and self.top <= y < self.top + CELLS
        return (x, y) if is_seen else None


@dataclass(frozen=True)
class Cell:
    """A cell with products."""

    x: int  # at the zoom of its view
    y: int
    count: int
    product: Product  # the most popular of them


@cachetools.cached(cachetools.TTLCache(64, FRESH_SECONDS), lock=threading.Lock())
def rows_in_view(map_id: int, view: View, chosen: Filter) -> list[tuple[int, int, int, int]]:
    """Return (x, y, number of products, id of the most popular one) of each cell in view that has products."""
    size, where = view.size, chosen.where
    edges = (view.left * size, (view.left + CELLS) * size, view.top * size, (view.top + CELLS) * size)
    text = CELLS_IN_VIEW.format(size=size, where=where.text)
    return [
        (x, y, count, product) for x, y, count, product in fetch(Sql(text, (map_id, *edges, *where.params, map_id)))
    ]


def read(shown: TasteMap, view: View, chosen: Filter) -> dict[Point, Cell]:
    """Return the cells in view that have products, by their place."""
    rows = rows_in_view(shown.pk, view, chosen)
    products = products_by_id([product for *_, product in rows])
    return {
        (x, y): Cell(x, y, count, products[product]) for x, y, count, product in rows if product in products
    }  # fmt: skip


def find(shown: TasteMap, products: Sequence[int]) -> dict[int, Point]:
    """Return the places of products by their ids, without those that are not on the map."""
    points = MapPoint.objects.filter(map=shown, product_id__in=products).values_list("product_id", "x", "y")
    return {product: (x, y) for product, x, y in points}


def most_crowded(cells: dict[Point, Cell], most: int) -> list[Cell]:
    """Return the cells with most products, which have several, the first one first."""
    several = [cell for cell in cells.values() if cell.count > 1]
    return sorted(several, key=lambda cell: (-cell.count, cell.y, cell.x))[:most]
