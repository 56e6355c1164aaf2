"""Batches of lists: ours against implicit's, which is to be installed."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from implicit.cpu.bpr import BayesianPersonalizedRanking
from scipy.sparse import csr_matrix

from ml.data.interactions import Interactions
from ml.evaluation.topk import top_k


def compare_lists(users: int, items: int, factors: int, k: int, rounds: int) -> dict:
    """Measure lists of k items without seen ones, by our top_k and by implicit's `recommend` on the same factors."""
    rng = np.random.default_rng(0)
    vectors = [rng.standard_normal((count, factors), dtype=np.float32) for count in (users, items)]
    pairs = np.unique(rng.integers(0, users * items, 20 * users))
    seen = Interactions(pairs // items, pairs % items, np.zeros(len(pairs)), users, items).distinct
    theirs = BayesianPersonalizedRanking(num_threads=1)  # any of their models: its vectors are replaced
    theirs.user_factors, theirs.item_factors = vectors
    liked, everybody = matrix(seen), np.arange(users)
    work = {
        "ours": lambda: top_k(*vectors, k, seen)[0],
        "implicit": lambda: theirs.recommend(everybody, liked, N=k)[0],
        "product alone": lambda: products(*vectors),
    }
    shared = np.mean([len(np.intersect1d(*each)) for each in zip(work["ours"](), work["implicit"](), strict=True)]) / k
    rounds_of = [{name: timed(each) for name, each in work.items()} for _ in range(rounds)]
    seconds = {name: statistics.median(each[name] for each in rounds_of) for name in work}
    ratio = statistics.median(each["ours"] / each["implicit"] for each in rounds_of)
    return {"seconds": seconds, "ours by implicit": ratio, "share of the same items": shared}


def products(users: np.ndarray, items: np.ndarray, rows: int = 64) -> None:
    scores = np.empty((rows, len(items)), dtype=np.float32)
    for begin in range(0, len(users), rows):
        chunk = users[begin : begin + rows]
        np.matmul(chunk, items.T, out=scores[: len(chunk)])


def matrix(taken: Interactions) -> csr_matrix:
    pairs = taken.distinct
    ones = np.ones(len(pairs), dtype=np.float32)
    return csr_matrix((ones, (pairs.users, pairs.items)), shape=(taken.n_users, taken.n_items))


def timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
