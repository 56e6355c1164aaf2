"""How good vectors are: at finding what looks alike, and at ranking what a user took next."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ml.data.interactions import Interactions, Split

CHUNK = 256  # rows compared with everything at once
SCORES = 2**24  # at most so many at once: with 330,000 items 0.7 GB in place of 1.9
COLD = 5  # fewer training users than this make an item cold
SAMPLED = 100  # items that DVBPR's released evaluation draws for each user


@dataclass(frozen=True)
class Retrieval:
    """Per query, NaN where the label is missing, too few others have one, or (average precision) none has the same."""

    precision: dict[int, np.ndarray]  # by k: (N,)
    average_precision: np.ndarray  # (N,) over the full ranking
    right: np.ndarray  # (N,) whether the majority of the nearest neighbours has the query's label


def similarities(queries: Tensor, gallery: Tensor, metric: str) -> Tensor:
    """(Q, N), higher is nearer. metric: "cosine", "euclidean" or "inner"."""
    if metric == "euclidean":
        return -torch.cdist(queries, gallery)
    if metric == "cosine":
        queries, gallery = F.normalize(queries, dim=1), F.normalize(gallery, dim=1)
    return queries @ gallery.T


def retrieval(
    vectors: Tensor,
    labels: dict[str, np.ndarray],
    ks: Sequence[int] = (5,),
    neighbours: int = 10,
    metric: str = "cosine",
) -> dict[str, Retrieval]:
    """Each picture as a query against all others, for each label.

    vectors: (N, D). labels: (N,) classes from 0, -1 where missing; such pictures are neither asked nor found.
    """
    nothing = np.full(len(vectors), np.nan)
    found = {name: Retrieval({k: nothing.copy() for k in ks}, nothing.copy(), nothing.copy()) for name in labels}
    for begin in range(0, len(vectors), CHUNK):
        queries = torch.arange(begin, min(begin + CHUNK, len(vectors)))
        similar = similarities(vectors[queries], vectors, metric)
        similar[torch.arange(len(queries)), queries] = -torch.inf
        order = similar.argsort(dim=1, descending=True, stable=True)[:, :-1]  # the query itself is last
        similar = similar.gather(1, order)
        for name, classes in labels.items():
            classes = torch.from_numpy(classes)
            asked = (classes[queries] >= 0).nonzero()[:, 0]
            rows = queries[asked].numpy()
            ranked = classes[order[asked]]
            target = classes[queries[asked]]
            for k in ks:
                found[name].precision[k][rows] = precision_at_k(ranked, target, k)
            found[name].average_precision[rows] = average_precision(ranked, target)
            guesses = majority(ranked, similar[asked], neighbours, n_classes=int(classes.max()) + 1)
            found[name].right[rows] = (guesses == target).float()
    return found


def precision_at_k(ranked: Tensor, target: Tensor, k: int) -> Tensor:
    """(Q,) share of the k nearest labelled pictures that have the query's class; NaN where fewer than k are labelled.

    It is out of k, as always, also where the class has fewer pictures: there 1 cannot be reached.
    ranked: (Q, N) classes, nearest first, -1 where missing. target: (Q,).
    """
    labelled = ranked >= 0
    first = labelled.cumsum(dim=1) <= k
    share = ((ranked == target[:, None]) & first).sum(dim=1) / k
    return share.masked_fill(labelled.sum(dim=1) < k, torch.nan)


def average_precision(ranked: Tensor, target: Tensor) -> Tensor:
    """(Q,) mean over the relevant pictures of the precision at each; NaN where there is none."""
    relevant = ranked == target[:, None]
    position = (ranked >= 0).cumsum(dim=1).clamp(min=1)
    precision = relevant.cumsum(dim=1) / position
    return (precision * relevant).sum(dim=1) / relevant.sum(dim=1)


def majority(ranked: Tensor, similar: Tensor, neighbours: int, n_classes: int) -> Tensor:
    """(Q,) the class that most of the nearest labelled pictures have; the greater summed similarity breaks ties."""
    nearest = (ranked >= 0) & ((ranked >= 0).cumsum(dim=1) <= neighbours)
    votes = torch.zeros(len(ranked), n_classes, dtype=torch.float64)
    # A vote is worth 1 and a little: all the little of all neighbours together stays below another vote.
    worth = torch.where(nearest, 1 + (similar.double() / (1 + similar.abs().max())) / (2 * neighbours), 0.0)
    votes.scatter_add_(1, ranked.clamp(min=0), worth)
    return votes.argmax(dim=1)


def macro(values: np.ndarray, classes: np.ndarray) -> float:
    """The mean over classes of the class's mean, NaN values left out; NaN if there are no others."""
    by_class = [values[(classes == c) & ~np.isnan(values)] for c in np.unique(classes[classes >= 0])]
    means = [each.mean() for each in by_class if len(each)]
    return float(np.mean(means)) if means else math.nan


def chance_precision(classes: np.ndarray) -> float:
    """The share of pairs that agree: what precision@k is for vectors without any meaning."""
    shares = np.bincount(classes[classes >= 0]) / max(1, (classes >= 0).sum())
    return float((shares**2).sum())


@dataclass(frozen=True)
class Ranking:
    """How users' held-out items were ranked; one entry a user who has one."""

    auc: np.ndarray  # (V,) share of never observed items that score lower, ties half
    auc_among_cold: np.ndarray  # (V,) the same among cold items only
    rank: np.ndarray  # (V,) from 1, among all but what the user had before; equal scores by item index
    support: np.ndarray  # (V,) how many users took the held-out item in training
    top: np.ndarray  # (V, K) items of each list
    n_items: int

    @property
    def cold(self) -> np.ndarray:
        return self.support < COLD

    def by_user(self) -> dict[str, np.ndarray]:
        """By the figure's name: (V,) each user's own, NaN where the figure leaves that user out."""
        return {
            "auc": self.auc,
            "auc/warm": np.where(self.cold, np.nan, self.auc),
            "auc/cold": np.where(self.cold, self.auc, np.nan),
            "auc/cold-among-cold": np.where(self.cold, self.auc_among_cold, np.nan),
            "hr@10": hit_rate_at_k(self.rank, 10),
            "ndcg@10": ndcg_at_k(self.rank, 10),
            "recall@20": hit_rate_at_k(self.rank, 20),
        }


def rank_held_out(users: Tensor, items: Tensor, split: Split, on: str = "test", top: int = 10) -> Ranking:
    """Full ranking of each user's held-out item by the inner product of vectors.

    users: (U, D). items: (I, D). on: "test", with the validation item masked from lists, or "validation".
    """
    held_out: Interactions = getattr(split, on)
    supported = torch.from_numpy(split.train.popularity)
    is_cold = supported < COLD
    rows = []
    size = max(1, min(CHUNK, SCORES // len(items)))
    for chunk in np.array_split(np.arange(len(held_out)), max(1, math.ceil(len(held_out) / size))):
        who, what = held_out.users[chunk], torch.from_numpy(held_out.items[chunk])
        scores = (users[who].double() @ items.double().T).float()  # float: what differs by rounding only is a tie
        own = scores.gather(1, what[:, None])
        had = _marks(split.train, who)
        if on == "test":
            had |= _marks(split.validation, who)
        observed = had | _marks(split.test, who) | _marks(split.validation, who)
        listed = scores.masked_fill(had, -torch.inf)
        ahead = (listed > own) | ((listed == own) & (torch.arange(len(items)) < what[:, None]))
        rows.append(
            (
                auc(own, scores, ~observed),
                auc(own, scores, ~observed & is_cold),
                ahead.sum(dim=1) + 1,
                supported[what],
                highest(listed, top),
            )
        )
    parts = [torch.cat(part).numpy() for part in zip(*rows, strict=True)]
    return Ranking(*parts, n_items=len(items))


def highest(scores: Tensor, count: int) -> Tensor:
    """(V, count) places of each row's highest scores, highest first, the lower place first among equals."""
    count = min(count, scores.shape[1])
    least = scores.topk(count, dim=1).values[:, -1:]  # 50 times faster than a sort, but among equals it takes any
    level = scores == least
    room = count - (scores > least).sum(dim=1, keepdim=True)
    marks = (scores > least) | (level & (level.cumsum(dim=1) <= room))
    places = marks.nonzero()[:, 1].view(len(scores), count)
    return places.gather(1, scores.gather(1, places).argsort(dim=1, descending=True, stable=True))


def _marks(interactions: Interactions, users: np.ndarray) -> Tensor:
    """(len(users), n_items) whether each of these users has each item there."""
    marks = torch.zeros(len(users), interactions.n_items, dtype=torch.bool)
    for row, user in enumerate(users):
        marks[row, interactions.by_user[user]] = True
    return marks


def auc(own: Tensor, scores: Tensor, among: Tensor) -> Tensor:
    """(V,) share of the items `among` that score below the user's `own`, ties half; NaN where there are none.

    own: (V, 1). scores: (V, I). among: (V, I) marks.
    """
    level = ((scores == own) & among).sum(dim=1).double()  # of float32 a mean of differences is none of means
    below = ((scores < own) & among).sum(dim=1) + 0.5 * level
    return below / among.sum(dim=1)


def sampled_auc(users: Tensor, items: Tensor, split: Split, seed: int) -> np.ndarray:
    """(V,) share of a user's drawn items that score strictly below the held-out one; NaN where none is left.

    SAMPLED items are drawn evenly, each once; the user's training items and the held-out one are skipped, the
    validation item is not, and ties count 0. So measures kang205/DVBPR (`AUC` of `DVBPR/main.py`), hence its published
    figures. Whatever need not be compared with these is better measured by `rank_held_out`, over all items.
    """
    rng = np.random.default_rng(seed)
    users, items = users.double().numpy(), items.double().numpy()
    shares = []
    for user, held_out in zip(split.test.users, split.test.items, strict=True):
        drawn = rng.choice(len(items), min(SAMPLED, len(items)), replace=False)
        drawn = drawn[~np.isin(drawn, [*split.train.by_user[user], held_out])]
        below = np.float32(items[drawn] @ users[user]) < np.float32(items[held_out] @ users[user])
        shares.append(below.mean() if len(drawn) else math.nan)
    return np.array(shares)


def hit_rate_at_k(ranks: np.ndarray, k: int) -> np.ndarray:
    """(V,) 1 where the one held-out item is among the first k; with one such item, recall@k is the same."""
    return (ranks <= k).astype(float)


def ndcg_at_k(ranks: np.ndarray, k: int) -> np.ndarray:
    """(V,) 1 / log2(rank + 1) within the first k, else 0: the ideal list has the one relevant item first."""
    return np.where(ranks <= k, 1 / np.log2(ranks + 1), 0.0)


def coverage(top: np.ndarray, n_items: int) -> float:
    """The share of the catalogue that is in anybody's list."""
    return len(np.unique(top)) / n_items


def bootstrap(values: np.ndarray, seed: int = 0, resamples: int = 1000) -> tuple[float, float]:
    """The 95 % interval of the mean over users or queries drawn again with replacement; NaN values left out."""
    values = values[~np.isnan(values)]
    if not len(values):
        return math.nan, math.nan
    means = [resampled.mean() for resampled in _resampled(values, seed, resamples)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def bootstrap_coverage(top: np.ndarray, n_items: int, seed: int = 0, resamples: int = 200) -> tuple[float, float]:
    """The 95 % interval of the coverage: the figure plus and minus 1.96 standard errors over users drawn again.

    Not the quantiles: a resample repeats users, so that every one of them covers less than all users do.
    """
    spread = 1.96 * float(np.std([coverage(lists, n_items) for lists in _resampled(top, seed, resamples)]))
    middle = coverage(top, n_items)
    return max(0.0, middle - spread), min(1.0, middle + spread)


def _resampled(rows: np.ndarray, seed: int, resamples: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield rows[rng.integers(len(rows), size=len(rows))]
