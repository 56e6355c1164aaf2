"""Search by a photo: which of its views comes nearest to an image that a model has embedded."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image

from ml.contract import SimilarModel
from ml.data.decoding import fit
from ml.data.images import ImageArray
from ml.data.photo_views import Box, View, finer_views, first_views, more_views, overlap

DETAILED = 2  # regions whose every view is tried
MOST_OBJECTS = 5
SAME_OBJECT = 0.6  # of the area of two boxes, from which they show the same

# Of vectors (N, D): the distance of each to the image nearest to it, (N,), and the ids of these, (N,).
Nearest: TypeAlias = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Sighting:
    """A view of a photo, and the image nearest to it. distance: infinite if nothing is embedded yet."""

    view: View
    vector: np.ndarray  # (D,)
    distance: float
    nearest: int

    @property
    def box(self) -> Box:
        return self.view.region.box


@dataclass(frozen=True)
class PhotoSearch:
    """Search by photos. model: embeds their views; nearest: finds what is near to them."""

    model: SimilarModel
    nearest: Nearest

    def search(self, photo: Image.Image) -> list[Sighting]:
        """Return the best view of each object that the photo shows, the one that comes nearest to an image first.

        From coarse to fine: two views of each region of the photo, all views of the regions that came nearest, and then
        views that differ a little from the best. Of a photo that shows no object, the best view is of all of it.
        """
        tried = self.embed_views(first_views(photo))
        regions = {id(each.view.region): each.view.region for each in tried if each.view.scale is not None}
        tried += self.embed_views([view for region in list(regions.values())[:DETAILED] for view in more_views(region)])
        tried += self.embed_views(finer_views(min(tried, key=_distance).view))
        return distinct(tried)

    def survey(self, photo: Image.Image) -> list[Sighting]:
        """Return what `search` does, by its first views alone."""
        return distinct(self.embed_views(first_views(photo)))

    def embed_views(self, views: Sequence[View]) -> list[Sighting]:
        """Embed views and find what is nearest to each; return them, the one that comes nearest first."""
        if not views:
            return []
        # A view that is cut already is only fitted.
        size, plain = self.model.image_size, (self.model.image_size[0], self.model.image_size[1])
        pixels = np.stack([fit(view.draw(), size if view.scale is None else plain) for view in views])
        with torch.inference_mode():
            vectors = self.model.embed(ImageArray(pixels).batch(range(len(pixels))).to(self.model.device)).cpu().numpy()
        found = zip(views, vectors, *(each.tolist() for each in self.nearest(vectors)), strict=True)
        return sorted((Sighting(*each) for each in found), key=_distance)


def distinct(sightings: Iterable[Sighting]) -> list[Sighting]:
    """Return the best sighting of each object, nearest first; boxes that share much are of the same object."""
    found: list[Sighting] = []
    for each in sorted(sightings, key=_distance):
        if len(found) < MOST_OBJECTS and all(overlap(each.box, other.box) < SAME_OBJECT for other in found):
            found.append(each)
    return found


def _distance(sighting: Sighting) -> float:
    return sighting.distance
