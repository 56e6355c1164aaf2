"""The taste map of a version in the admin: its products in the plane, a shopper among them, and what is missing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.vary import vary_on_headers

from catalog import facets
from catalog.listing import NEWEST, Listing
from catalog.models import Product, Shopper
from catalog.rows import products_by_id
from recommender.designs import gap_reports
from recommender.designs.gap_reports import Gap, Report
from recommender.errors import VersionNotReady
from recommender.maps import cells, making, positions
from recommender.maps.cells import CELLS, DEEPEST, Cell, Filter, Point, View
from recommender.maps.models import TasteMap
from recommender.maps.positions import ShopperPosition
from recommender.models import ModelVersion, Role
from recommender.versions import queries

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    Base = ModelAdmin[ModelVersion]
else:
    Base = object

CHANGE = "recommender.change_modelversion"
PAGE = "admin/recommender/modelversion/map.html"
FRAGMENT = "admin/recommender/modelversion/_map.html"
MOST_CROWDED = 5
CLOSE = 3  # zoom of a link to one place
DARKEST = 4  # shades of cells, by how many products they have
DIRECTIONS = {"left": (-1, 0), "up": (0, -1), "down": (0, 1), "right": (1, 0)}
LABELS = {"left": "← left", "up": "↑ up", "down": "↓ down", "right": "right →"}
LABELS |= {"in": "+ zoom in", "out": "− zoom out", "whole": "all of it"}


@dataclass(frozen=True)
class PlacedGap:
    """A demand gap on the map."""

    number: int  # among those of the report
    gap: Gap
    position: Point
    nearest: Product | None
    query: str  # of the view around it


@dataclass(frozen=True)
class Square:
    """A cell as the page shows it. Without products `cell` is None."""

    cell: Cell | None = None
    shade: int = 0
    query: str = ""  # of the view that is zoomed in on it; empty where that shows no more
    gap: PlacedGap | None = None
    kind: str = ""  # the shopper's strongest interaction with a product in it
    is_taste: bool = False


@dataclass(frozen=True)
class Params:
    """Parameters of a page of a map."""

    view: View
    chosen: Filter
    shopper: str

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Params":
        """Return the nearest parameters to those of a request."""
        numbers = [_whole(given.get(name, "")) for name in ("zoom", "x", "y")]
        name, _, value = given.get("attribute", "").partition("=")
        chosen = Filter(given.get("category", ""), name, value)
        return cls(View.of(*numbers), chosen, given.get("shopper", "").strip())

    def query(self, view: View) -> str:
        """Return the query of the page with another view."""
        chosen = self.chosen
        given = {
            "category": chosen.category,
            "attribute": f"{chosen.attribute}={chosen.value}" if chosen.attribute else "",
            "shopper": self.shopper,
            "zoom": view.zoom or "",
            "x": view.left or "",
            "y": view.top or "",
        }
        return "?" + urlencode({name: value for name, value in given.items() if value})


class TasteMaps(Base):
    """Pages of the admin of versions with their maps."""

    def taste_map_view(self, request: HttpRequest) -> HttpResponse:
        """Show the map of the version that serves similar styles, or else personal recommendations."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = queries.active_version(Role.SIMILAR) or queries.active_version(Role.PERSONAL)
        if version is None:
            self.message_user(request, "No version serves yet, so there is no map.", messages.WARNING)
            return redirect("admin:recommender_modelversion_changelist")
        return redirect("admin:version_map", version.pk)

    @method_decorator([csrf_protect, vary_on_headers("HX-Request")])
    def map_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a part of the map of a version; a POST has a worker make it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        if request.method == "POST":
            if not request.user.has_perm(CHANGE):
                raise PermissionDenied
            try:
                making.request(version)
            except VersionNotReady as error:
                self.message_user(request, f"{error}.", messages.ERROR)
            return redirect("admin:version_map", pk)
        params, shown, latest = Params.of(request.GET), making.shown(version), making.latest(version)
        context: dict[str, Any] = {"version": version, "shown": shown, "latest": latest, "params": params}
        context["may_make"] = request.user.has_perm(CHANGE)
        if shown:
            context |= contents_of(shown, params, request.user)
        if request.headers.get("HX-Request"):
            return render(request, FRAGMENT, context)
        if shown:
            context |= choices_of(params) | {"missing": making.count_missing(shown)}
        context |= {"title": f"Taste map of {version}", "opts": self.opts, "media": self.media}
        return render(request, PAGE, self.admin_site.each_context(request) | context)


def contents_of(shown: TasteMap, params: Params, account: AbstractUser | AnonymousUser) -> dict[str, Any]:
    """Return what the page shows of a map, as far as the account may see it."""
    view = params.view
    found = cells.read(shown, view, params.chosen)
    may_see_shoppers = account.has_perm("catalog.view_shopper")
    generator = queries.active_version(Role.DESIGN) if account.has_perm("recommender.view_design") else None
    report = gap_reports.load_report(generator) if generator else None
    gaps = gaps_on(shown, params, report) if report else []
    person = None
    if params.shopper and may_see_shoppers:
        shopper = Shopper.objects.filter(key=params.shopper).first()
        person = positions.of_shopper(shown, shopper) if shopper else None
    crowded = cells.most_crowded(found, MOST_CROWDED)
    steps = {name: view.moved(*step) for name, step in DIRECTIONS.items()}
    steps |= {"in": view.scaled(1), "out": view.scaled(-1), "whole": View()}
    return {
        "rows": squares_of(params, found, gaps, person),
        "cells": CELLS * CELLS,
        "filled": len(found),
        "empty": CELLS * CELLS - len(found),
        "products": sum(cell.count for cell in found.values()),
        "steps": [(name, LABELS[name], params.query(step) if step != view else "") for name, step in steps.items()],
        "gaps": gaps,
        "shoppers": report.shoppers if report else 0,
        "person": person,
        "person_query": params.query(View.centred_at(person.position, CLOSE)) if person and person.position else "",
        "not_found": bool(params.shopper) and person is None,
        "may_see_shoppers": may_see_shoppers,
        "crowded": [(cell, params.query(view.zoomed((cell.x, cell.y), 2))) for cell in crowded],
    }


def squares_of(
    params: Params, found: Mapping[Point, Cell], gaps: list[PlacedGap], person: ShopperPosition | None
) -> list[list[Square]]:
    """Return the cells of a view, row by row."""
    view = params.view
    most = max((cell.count for cell in found.values()), default=1)
    missing = {view.cell_of(each.position): each for each in reversed(gaps)}
    kinds: dict[Point | None, str] = {}
    taste = None
    if person:
        taste = view.cell_of(person.position) if person.position else None
        for product in reversed(list(person.history)):  # the latest last, so that it is told
            if product in person.points:
                kinds[view.cell_of(person.points[product])] = person.history[product].value

    def square(position: Point) -> Square:
        cell = found.get(position)
        marks: dict[str, Any] = {
            "gap": missing.get(position),
            "kind": kinds.get(position, ""),
            "is_taste": position == taste,
        }
        if cell is None:
            return Square(**marks)
        shade = 1 + round((DARKEST - 1) * math.log(cell.count) / math.log(most)) if most > 1 else 1
        can_zoom = cell.count > 1 and view.zoom < DEEPEST
        return Square(cell, shade, params.query(view.zoomed(position, 2)) if can_zoom else "", **marks)

    columns = range(view.left, view.left + CELLS)
    return [[square((x, y)) for x in columns] for y in range(view.top, view.top + CELLS)]


def gaps_on(shown: TasteMap, params: Params, report: Report) -> list[PlacedGap]:
    """Return the demand gaps of a report where they lie on a map, of the category that is chosen."""
    category = params.chosen.category
    numbered = [(number, gap) for number, gap in enumerate(report.gaps) if category in ("", gap.category)]
    ids = dict(Product.objects.filter(sku__in=[gap.nearest for _, gap in numbered]).values_list("sku", "pk"))
    products, points = products_by_id(ids.values()), cells.find(shown, list(ids.values()))
    found = []
    for number, gap in numbered:
        nearest = ids.get(gap.nearest)
        vector = gap.vectors.get(str(shown.version_id))
        position = positions.of_vector(shown, vector) if vector else points.get(nearest or 0)
        if position:
            query = params.query(View.centred_at(position, CLOSE))
            found.append(PlacedGap(number, gap, position, products.get(nearest or 0), query))
    return found


def choices_of(params: Params) -> dict[str, Any]:
    """Return the categories and the attributes that a map can be filtered by."""
    chosen = params.chosen
    found = facets.choose(Listing(NEWEST, {"category": chosen.category} if chosen.category else {}))
    return {
        "categories": [facet for facet in found if facet.name == "category"],
        "attributes": [facet for facet in found if facet.name != "category"],
        "attribute": f"{chosen.attribute}={chosen.value}" if chosen.attribute else "",
    }


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
