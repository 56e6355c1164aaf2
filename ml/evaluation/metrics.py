"""Metrics of vectors: of image retrieval by labels, and of ranking users' held-out items."""

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
TAKERS = {"0": (0, 0), "1-4": (1, 4), "5-19": (5, 19), "20+": (20, math.inf)}  # groups of held-out items, from and to
AGES = {"0-6": 0, "7-29": 7, "30-89": 30, "90+": 90}  # others, from how many days
DAY = 86400.0  # seconds
SAMPLED = 100  # items that DVBPR's released evaluation draws for each user
INDICES = 2**20  # drawn at once by the bootstrap: 8 MB


@dataclass(frozen=True)
class Retrieval:
    """Figures of each query for one label.

    NaN where the query has no label, too few others have one, or (average precision) no other has the same class.
    """

    precision: dict[int, np.ndarray]  # by k: (N,)
    average_precision: np.ndarray  # (N,) over the full ranking
    correct: np.ndarray  # (N,) whether the majority of the nearest neighbours has the query's label


def similarities(queries: Tensor, gallery: Tensor, metric: str) -> Tensor:
    """Compute (Q, N) similarities of vectors, higher is nearer. metric: "cosine", "euclidean" or "inner"."""
    if metric == "euclidean":
        return -torch.cdist(queries, gallery)
    if metric == "cosine":
        queries, gallery = F.normalize(queries, dim=1), F.normalize(gallery, dim=1)
    return queries @ gallery.T


def evaluate_retrieval(
    vectors: Tensor,
    labels: dict[str, np.ndarray],
    ks: Sequence[int] = (5,),
    neighbours: int = 10,
    metric: str = "cosine",
) -> dict[str, Retrieval]:
    """Evaluate for each label the results of each image as a query against all others.

    vectors: (N, D). labels: (N,) classes from 0, -1 where missing; such images are neither queries nor results.
    """
    nothing = np.full(len(vectors), np.nan)
    found = {name: Retrieval({k: nothing.copy() for k in ks}, nothing.copy(), nothing.copy()) for name in labels}
    for begin in range(0, len(vectors), CHUNK):
        queries = torch.arange(begin, min(begin + CHUNK, len(vectors)))
        similar = similarities(vectors[queries], vectors, metric)
        similar[torch.arange(len(queries)), queries] = -torch.inf
        order = similar.argsort(dim=1, descending=True, stable=True)[:, :-1]  # the query itself is last
        similar = similar.gather(1, order)
        for name, array in labels.items():
            classes = torch.from_numpy(array)
            labelled = (classes[queries] >= 0).nonzero()[:, 0]
            rows = queries[labelled].numpy()
            ranked = classes[order[labelled]]
            target = classes[queries[labelled]]
            for k in ks:
                found[name].precision[k][rows] = precision_at_k(ranked, target, k)
            found[name].average_precision[rows] = average_precision(ranked, target)
            predicted = majority_class(ranked, similar[labelled], neighbours, n_classes=int(classes.max()) + 1)
            found[name].correct[rows] = (predicted == target).float()
    return found


def precision_at_k(ranked: Tensor, target: Tensor, k: int) -> Tensor:
    """Compute (Q,) shares of the k nearest labelled images that have the query's class; NaN with fewer than k labelled.

    The share is of k also where the class has fewer images: there 1 cannot be reached.
    ranked: (Q, N) classes, nearest first, -1 where missing. target: (Q,).
    """
    labelled = ranked >= 0
    first = labelled.cumsum(dim=1) <= k
    share = ((ranked == target[:, None]) & first).sum(dim=1) / k
    return share.masked_fill(labelled.sum(dim=1) < k, torch.nan)


def average_precision(ranked: Tensor, target: Tensor) -> Tensor:
    """Compute (Q,) means of the precision at each relevant image; NaN where there is none."""
    relevant = ranked == target[:, None]
    position = (ranked >= 0).cumsum(dim=1).clamp(min=1)
    precision = relevant.cumsum(dim=1) / position
    return (precision * relevant).sum(dim=1) / relevant.sum(dim=1)


def majority_class(ranked: Tensor, similar: Tensor, neighbours: int, n_classes: int) -> Tensor:
    """Return the (Q,) classes that most of the nearest labelled images have; summed similarity breaks ties."""
    nearest = (ranked >= 0) & ((ranked >= 0).cumsum(dim=1) <= neighbours)
    votes = torch.zeros(len(ranked), n_classes, dtype=torch.float64)
    # A vote weighs 1 plus a small part by similarity; the parts of all neighbours together stay below another vote.
    weights = torch.where(nearest, 1 + (similar.double() / (1 + similar.abs().max())) / (2 * neighbours), 0.0)
    votes.scatter_add_(1, ranked.clamp(min=0), weights)
    return votes.argmax(dim=1)


def macro_average(values: np.ndarray, classes: np.ndarray) -> float:
    """Return the mean over classes of the class's mean, without NaN values; NaN if there are no others."""
    means = list(average_classes(values, classes).values())
    return float(np.mean(means)) if means else math.nan


def average_classes(values: np.ndarray, classes: np.ndarray) -> dict[int, float]:
    """Return the mean of each class without NaN values, of those that have others. classes: from 0, -1 for none."""
    by_class = {int(c): values[(classes == c) & ~np.isnan(values)] for c in np.unique(classes[classes >= 0])}
    return {c: float(each.mean()) for c, each in by_class.items() if len(each)}


def random_precision(classes: np.ndarray) -> float:
    """Return the share of pairs of one class, which is the expected precision@k of random vectors."""
    shares = np.bincount(classes[classes >= 0]) / max(1, (classes >= 0).sum())
    return float((shares**2).sum())


@dataclass(frozen=True)
class Ranking:
    """Ranks of users' held-out items: V entries, one for each user who has one."""

    auc: np.ndarray  # (V,) share of never observed items that score lower, ties half
    auc_among_cold: np.ndarray  # (V,) the same among cold items only
    rank: np.ndarray  # (V,) from 1, among all but what the user had before; equal scores by item index
    support: np.ndarray  # (V,) how many users took the held-out item in training
    auc_among_alike: np.ndarray  # (V,) as auc, among items with as many takers, by TAKERS, and as new, only
    age: np.ndarray  # (V,) days from when the item was listed, or else first taken, until it was; NaN if unknown
    top: np.ndarray  # (V, K) items of each list
    popularity: np.ndarray  # (V,) share of all users who took an item of the list in training, on average
    n_items: int

    @property
    def cold(self) -> np.ndarray:
        """Mark the users whose held-out item is cold, (V,)."""
        return self.support < COLD

    def by_takers(self) -> dict[str, np.ndarray]:
        """Mark (V,) the users whose held-out item had so many takers in training, by the group's name."""
        return {name: (self.support >= least) & (self.support <= most) for name, (least, most) in TAKERS.items()}

    def by_age(self) -> dict[str, np.ndarray]:
        """Mark (V,) the users whose held-out item was so many days old, by the group's name; the last: not known."""
        group = np.searchsorted(list(AGES.values()), self.age, side="right") - 1
        known = ~np.isnan(self.age)
        marks = {name: known & (group == number) for number, name in enumerate(AGES)}
        return {**marks, "unknown": ~known}

    def groups(self) -> dict[str, dict[str, np.ndarray]]:
        """Return all divisions of the users by their held-out item, by name."""
        return {"by_takers": self.by_takers(), "by_age": self.by_age()}

    def figures_of_groups(self) -> dict[str, np.ndarray]:
        """Return each user's figures by which groups are compared, by name."""
        return {"auc": self.auc, "auc/alike": self.auc_among_alike, "ndcg@10": ndcg_at_k(self.rank, 10)}

    def by_user(self) -> dict[str, np.ndarray]:
        """Return each user's figures by name, (V,), NaN where the figure leaves the user out."""
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
    """Rank each user's held-out item among all items by the inner product of vectors.

    users: (U, D). items: (I, D). on: "test", with the validation item masked from lists, or "validation".
    """
    held_out: Interactions = getattr(split, on)
    supported = torch.from_numpy(split.train.popularity)
    is_cold = supported < COLD
    group = torch.bucketize(supported, torch.tensor([least for least, _ in TAKERS.values()]), right=True)
    if split.listed is not None:  # those that come after the training are a group of their own
        group = group + len(TAKERS) * torch.from_numpy(np.isposinf(split.listed))
    rows = []
    size = max(1, min(CHUNK, SCORES // len(items)))
    for chunk in np.array_split(np.arange(len(held_out)), max(1, math.ceil(len(held_out) / size))):
        chosen_users, chosen = held_out.users[chunk], torch.from_numpy(held_out.items[chunk])
        # float: scores that differ by rounding only are ties.
        scores = (users[chosen_users].double() @ items.double().T).float()
        own = scores.gather(1, chosen[:, None])
        masked = _mark(split.train, chosen_users)
        if on == "test":
            masked |= _mark(split.validation, chosen_users)
        observed = masked | _mark(split.test, chosen_users) | _mark(split.validation, chosen_users)
        listed = scores.masked_fill(masked, -torch.inf)
        above = (listed > own) | ((listed == own) & (torch.arange(len(items)) < chosen[:, None]))
        lists = top_indices(listed, top)
        rows.append(
            (
                auc(own, scores, ~observed),
                auc(own, scores, ~observed & is_cold),
                above.sum(dim=1) + 1,
                supported[chosen],
                auc(own, scores, ~observed & (group == group[chosen][:, None])),
                lists,
                supported[lists].double().mean(dim=1) / len(users),
            )
        )
    aucs, among_cold, ranks, support, among_alike, tops, shares = (
        torch.cat(part).numpy() for part in zip(*rows, strict=True)
    )
    return Ranking(aucs, among_cold, ranks, support, among_alike, ages(split, held_out), tops, shares, len(items))


def ages(split: Split, held_out: Interactions) -> np.ndarray:
    """Return how many days (V,) the items were there when they were taken: since they were listed, or else first taken.

    NaN where neither is known. An item is as old as nothing if others took it later only.
    """
    since = np.full(split.train.n_items, np.inf)
    np.minimum.at(since, split.train.items, split.train.timestamps)
    if split.listed is not None:
        since = np.where(np.isfinite(split.listed), np.minimum(since, split.listed), since)
    found = since[held_out.items]
    days = (held_out.timestamps - np.where(np.isfinite(found), found, np.nan)) / DAY
    return np.maximum(days, 0.0)


def top_indices(scores: Tensor, count: int) -> Tensor:
    """Return (V, count) indices of each row's highest scores, highest first, the lower index first among equals."""
    count = min(count, scores.shape[1])
    least = scores.topk(count, dim=1).values[:, -1:]  # 50 times faster than a sort, but takes any among equals
    equal = scores == least
    room = count - (scores > least).sum(dim=1, keepdim=True)
    marks = (scores > least) | (equal & (equal.cumsum(dim=1) <= room))
    indices = marks.nonzero()[:, 1].view(len(scores), count)
    return indices.gather(1, scores.gather(1, indices).argsort(dim=1, descending=True, stable=True))


def _mark(interactions: Interactions, users: np.ndarray) -> Tensor:
    """Mark (len(users), n_items) the items of each of these users."""
    marks = torch.zeros(len(users), interactions.n_items, dtype=torch.bool)
    for row, user in enumerate(users):
        marks[row, interactions.by_user[user]] = True
    return marks


def auc(own: Tensor, scores: Tensor, among: Tensor) -> Tensor:
    """Compute (V,) shares of the items `among` that score below the user's `own`, ties half; NaN where there are none.

    own: (V, 1). scores: (V, I). among: (V, I) marks.
    """
    # double: of float32 the mean of differences is not the difference of means.
    equal = ((scores == own) & among).sum(dim=1).double()
    below = ((scores < own) & among).sum(dim=1) + 0.5 * equal
    return below / among.sum(dim=1)


def sampled_auc(users: Tensor, items: Tensor, split: Split, seed: int) -> np.ndarray:
    """Compute (V,) shares of a user's drawn items that score strictly below the held-out one; NaN where none is left.

    SAMPLED items are drawn evenly, each once; the user's training items and the held-out one are skipped, the
    validation item is not, and ties count 0. This is the AUC of kang205/DVBPR (`AUC` of `DVBPR/main.py`) and its
    published figures. For all else use `rank_held_out`, which ranks among all items.
    """
    rng = np.random.default_rng(seed)
    user_vectors, item_vectors = users.double().numpy(), items.double().numpy()
    shares = []
    for user, held_out in zip(split.test.users, split.test.items, strict=True):
        drawn = rng.choice(len(items), min(SAMPLED, len(items)), replace=False)
        drawn = drawn[~np.isin(drawn, [*split.train.by_user[user], held_out])]
        taste = user_vectors[user]
        below = np.float32(item_vectors[drawn] @ taste) < np.float32(item_vectors[held_out] @ taste)
        shares.append(below.mean() if len(drawn) else math.nan)
    return np.array(shares)


def hit_rate_at_k(ranks: np.ndarray, k: int) -> np.ndarray:
    """Return (V,) 1 where the held-out item is among the first k; with one such item recall@k is the same."""
    return (ranks <= k).astype(float)


def ndcg_at_k(ranks: np.ndarray, k: int) -> np.ndarray:
    """Return (V,) 1 / log2(rank + 1) within the first k, else 0: the ideal list has the one relevant item first."""
    return np.where(ranks <= k, 1 / np.log2(ranks + 1), 0.0)


def coverage(top: np.ndarray, n_items: int) -> float:
    """Return the share of the catalogue that is in at least one user's list."""
    return len(np.unique(top)) / n_items


def bootstrap(values: np.ndarray, seed: int = 0, resamples: int = 1000) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean over users or queries, without NaN values."""
    values = values[~np.isnan(values)]
    if not len(values):
        return math.nan, math.nan
    means = [values[chosen].mean(axis=1) for chosen in _resample(len(values), seed, resamples)]
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return float(low), float(high)


def bootstrap_coverage(top: np.ndarray, n_items: int, seed: int = 0, resamples: int = 200) -> tuple[float, float]:
    """Return the 95 % interval of the coverage: the figure plus and minus 1.96 bootstrap standard errors over users.

    Not the quantiles: a resample repeats users, so that every resample covers less than all users do.
    """
    blocks = _resample(len(top), seed, resamples)
    spread = 1.96 * float(np.std([coverage(top[rows], n_items) for chosen in blocks for rows in chosen]))
    middle = coverage(top, n_items)
    return max(0.0, middle - spread), min(1.0, middle + spread)


def _resample(count: int, seed: int, resamples: int) -> Iterator[np.ndarray]:
    """Yield blocks (R, count) of rows of indices: some dozens long, rows are averaged ten times as fast in a block."""
    rng = np.random.default_rng(seed)
    at_once = max(1, INDICES // count)
    for done in range(0, resamples, at_once):
        yield rng.integers(count, size=(min(at_once, resamples - done), count))
