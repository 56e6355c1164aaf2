"""Top-k lists of all users, from a trained model: `python -m ml top`."""

import csv
from pathlib import Path

from ml.contract import PersonalModel
from ml.data.conversion import ensure_converted
from ml.data.interaction_files import read_interaction_file
from ml.errors import BadData
from ml.evaluation.topk import top_k
from ml.nn.inference import embed_items
from ml.runtime import best_device
from ml.training.checkpoints import load


def write_lists(folder: Path, data: Path, k: int, out: Path, progress: bool = False) -> str:
    """Write user,rank,item,score of each user's best k items, without those in the data; return a line of counts.

    folder: a personal model, as `compare recommend --models` saves it. data: the data that it was trained on.
    Raises BadCheckpoint or BadData if either cannot be read, or if they are of other users or items.
    """
    model = load(folder)
    if not isinstance(model, PersonalModel):
        raise BadData(f"{folder}: {model.method} knows no users")
    file, images = read_interaction_file(ensure_converted(data) if data.suffix == ".npy" else data), None
    if model.image_size:
        file, images = file.decode(model.image_size, progress)
    users, seen = model.user_vectors().float().numpy(), file.interactions
    counts, known = {"users": seen.n_users, "items": seen.n_items}, model.state_shapes | {"users": len(users)}
    for name, count in known.items():
        if counts.get(name, count) != count:
            raise BadData(f"{folder} was trained on {count} {name}, and {data} has {counts[name]}")
    items = embed_items(model.to(best_device()), images, seen.n_items, progress, file.texts).numpy()
    ids, scores = top_k(users, items, k, seen)
    aside = out.with_name(out.name + ".partial")
    with aside.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["user", "rank", "item", "score"])
        for user, best, values in zip(file.users, ids.tolist(), scores.tolist(), strict=True):
            listed = (pair for pair in zip(best, values, strict=True) if pair[0] >= 0)
            rows.writerows([user, rank, file.items[item], f"{v:.6g}"] for rank, (item, v) in enumerate(listed, 1))
    aside.replace(out)
    return f"{out}: {len(ids)} lists"
