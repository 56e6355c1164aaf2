"""A comparison of personal methods as tables that fit a terminal."""

from collections.abc import Sequence
from typing import Any

from ml.benchmark.tables import aligned, figure

Document = dict[str, Any]
SIMULATED = "simulated shoppers: a figure says who finds tastes that a program made up"
PUBLISHED = "on this set, partly of another file or division; some rank among 100 drawn items, some do not tell"


def ranking_table(document: Document) -> str:
    """A row a method, then what there is beyond: who is ahead of one of them, published figures, warnings."""
    results = document["results"]
    pieces = [SIMULATED] if document["data"]["simulated"] else []
    pieces.append(_figures(document))
    pieces += [_selected(result) for result in results if result["epochs"] and "selected" in result]
    pieces += [f"{result['method']}: {warning}" for result in results for warning in result["warnings"]]
    pieces += [f"{method}: not run: {reason}" for method, reason in document["not_run"].items()]
    pieces += [_ahead(results)] if any("against" in result for result in results) else []
    pieces += [_published(document["published"])] if document["published"] else []
    return "\n".join(pieces)


def _figures(document: Document) -> str:
    """Half the 95 % interval beside each figure; chance above, and what a recommender that knew all would reach."""
    results = document["results"]
    names = list(results[0]["metrics"])  # all are of the same users
    rows = [["method", *names, "seconds trained"]]
    rows += [_row(name, document[name], names) for name in ("chance", "oracle") if name in document]
    rows += [_row(result["method"], result, names, f"{result['seconds']['train']:.0f}") for result in results]
    return aligned(rows)


def _row(title: str, found: Document, names: Sequence[str], seconds: str = "") -> list[str]:
    return [title, *(figure(found["metrics"][name], found["intervals"][name]) for name in names), seconds]


def _selected(result: Document) -> str:
    chosen = result["selected"]
    auc = chosen["auc"][str(chosen["epoch"])]
    return f"{result['method']}: epoch {chosen['epoch']} of {result['epochs']}, for its validation AUC of {auc:.3f}"


def _ahead(results: Sequence[Document]) -> str:
    """A row a metric, a column a method: what it has more, with the 95 % interval."""
    others = [result for result in results if "against" in result]
    rows = [[f"ahead of {others[0]['against']['method']}", *(result["method"] for result in others)]]
    for name in others[0]["against"]["metrics"]:
        rows.append([name, *(_signed(result["against"], name) for result in others)])
    return f"\n{aligned(rows)}"


def _signed(ahead: Document, name: str) -> str:
    value, low, high = (
        f"{number:+.3f}".replace("0.", ".", 1) for number in (ahead["metrics"][name], *ahead["intervals"][name])
    )
    return f"{value} [{low}, {high}]"


def _published(claims: Sequence[Document]) -> str:
    rows = [["method*", "metric", "figure", "source"]]
    rows += [[claim["method"], claim["metric"], f"{claim['value']:g}", claim["source"]] for claim in claims]
    return f"\n{aligned(rows)}\n* published, {PUBLISHED}"
