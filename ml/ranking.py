"""`python -m ml compare recommend` without the command line."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ml import compare, measures
from ml.compare import Options
from ml.embedding import embed_items
from ml.errors import BadData
from ml.evaluation import COLD
from ml.images import ImageArray
from ml.interactions import PersonalData, Split
from ml.journals import read_journal
from ml.runs import Trained, fingerprint, say, stamps


def compare_recommend(data: Path, options: Options) -> dict[str, Any]:
    """Train each method on all but each user's last two items; rank the last one among all."""
    models, runs = compare.models(options, "personal"), options.runs
    journal = read_journal(data)
    taken = journal.interactions
    columns = [column.tolist() for column in (taken.users, taken.items, taken.timestamps)]
    categories = None if journal.categories is None else journal.categories.tolist()
    read = fingerprint(stamps(journal.sources or ()), *columns, categories)
    arrays = {None: None}
    for size in {model.image_size for model in models if model.image_size}:
        journal, arrays[size] = journal.decode(size, options.progress)
    split = journal.interactions.leave_one_out()
    if not len(split.test):
        raise BadData(f"{data}: no user has three items, so that none can be held out")
    results = []
    for model in models:
        # Which pictures could be read depends on whether another method here looks at any.
        run = fingerprint(runs.key(model, read), split.train.n_items)
        result = runs.result(model.method, run)
        if result is None:
            images = arrays[model.image_size]
            trained = runs.train(model, run, partial(PersonalData, images, split.train, journal.categories))
            result = _ranked(trained, images, split, options)
            runs.keep(model.method, run, result)
        results.append(result)
    generator = torch.Generator().manual_seed(options.training.seed)
    random = (torch.randn(count, 32, generator=generator) for count in (split.train.n_users, split.train.n_items))
    chance = measures.ranking(*random, split, options.training.seed).metrics
    popularity = split.train.popularity
    counts = {
        "users": split.train.n_users,
        "items": split.train.n_items,
        "interactions": len(journal.interactions.distinct),
        "train": len(split.train),
        "test": len(split.test),
        "test_cold": int((popularity[split.test.items] < COLD).sum()),
        "cold_items": int((popularity < COLD).sum()),
        "failed": journal.failed,
    }
    return compare.document("recommend", options, results, {"data": counts, "chance": {"metrics": chance}})


def _ranked(trained: Trained, images: ImageArray | None, split: Split, options: Options) -> dict[str, Any]:
    model = trained.model
    say(f"{model.method}: embedding", options.progress)
    began = time.monotonic()
    items = embed_items(model, images, split.train.n_items, options.progress)
    embedded = time.monotonic()
    say(f"{model.method}: measuring", options.progress)
    found = measures.ranking(model.user_vectors().float().cpu(), items, split, options.training.seed)
    return compare.result(
        trained, found.as_dict(), {"embed": embedded - began, "evaluate": time.monotonic() - embedded}
    )
