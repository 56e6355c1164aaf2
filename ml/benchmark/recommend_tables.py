"""Tables of a comparison of personal methods, for a terminal."""

from collections.abc import Sequence

from ml.benchmark.compare import Document
from ml.benchmark.tables import align, format_figure

SIMULATED = "simulated shoppers: a figure says who finds tastes that a program made up"
GROUPS = (
    ("auc by takers", "by_takers", "auc"),
    ("auc among those of as many", "by_takers", "auc/alike"),
    ("auc by age in days", "by_age", "auc"),
)
PUBLISHED = "on this set, partly of another file or division; some rank among 100 drawn items, some do not tell"


def format_ranking_table(document: Document) -> str:
    """Format a row for each method, then warnings, differences from one method, and published figures."""
    results = document["results"]
    pieces = [SIMULATED] if document["data"]["simulated"] else []
    pieces.append(_format_figures(document))
    pieces += [_format_groups(results, *each) for each in GROUPS if _has_users(results[0][each[1]], each[1])]
    pieces += [_format_chances(results)] if any(result.get("chances") for result in results) else []
    pieces += [_format_selected(result) for result in results if result["epochs"] and "selected" in result]
    pieces += [f"{result['method']}: {warning}" for result in results for warning in result["warnings"]]
    pieces += [f"{method}: not run: {reason}" for method, reason in document["not_run"].items()]
    pieces += [_format_differences(results)] if any("against" in result for result in results) else []
    pieces += [_format_published(document["published"])] if document["published"] else []
    return "\n".join(pieces)


def _format_figures(document: Document) -> str:
    """Format the figures with half their 95 % intervals; above them the random baseline and the oracle."""
    results = document["results"]
    names = list(results[0]["metrics"])  # all are of the same users
    rows = [["method", *names, "seconds trained"]]
    rows += [_format_row(name, document[name], names) for name in ("chance", "oracle") if name in document]
    rows += [_format_row(result["method"], result, names, f"{result['seconds']['train']:.0f}") for result in results]
    return align(rows)


def _has_users(groups: Document, division: str) -> bool:
    """Return whether any users are grouped; by age, whether they are of more than one group."""
    return sum(1 for group in groups.values() if group["users"]) > (division == "by_age")


def _format_groups(results: Sequence[Document], title: str, division: str, metric: str) -> str:
    """Format a metric of users by what is known of their test item: a column for each group, then differences."""
    groups = {name: group["users"] for name, group in results[0][division].items() if group["users"]}
    rows = [[title, *groups], ["users", *map(str, groups.values())]]
    for result in results:
        found = [result[division][name] for name in groups]
        figures = [format_figure(each["metrics"].get(metric), each["intervals"].get(metric)) for each in found]
        rows.append([result["method"], *figures])
    for against in (result["against"] | {"of": result["method"]} for result in results if "against" in result):
        found = [_format_difference(against[division][name], metric) for name in groups]
        rows.append([f"{against['of']} ahead of {against['method']}", *found])
    return f"\n{align(rows)}"


def _format_chances(results: Sequence[Document]) -> str:
    """Format the calibration error of chances, fitted to the validation items and as they are, then the reliability."""
    found = {result["method"]: result["chances"] for result in results if result.get("chances")}
    rows = [["calibration error", "fitted", "sigmoid(score)"]]
    rows += [[name, f"{each['error']:.3f}", f"{each['error/unfitted']:.3f}"] for name, each in found.items()]
    tenths = [[f"{low / 10:.1f} to {(low + 1) / 10:.1f}", *(_share_at(each, low) for each in found.values())]
              for low in range(10)]  # fmt: skip
    return f"\n{align(rows)}\n\n{align([['taken, by the chance', *found], *tenths])}"


def _share_at(chances: Document, tenth: int) -> str:
    return next((f"{each['share']:.2f}" for each in chances["bins"] if round(10 * each["low"]) == tenth), "-")


def _format_row(title: str, found: Document, names: Sequence[str], seconds: str = "") -> list[str]:
    return [title, *(format_figure(found["metrics"][name], found["intervals"][name]) for name in names), seconds]


def _format_selected(result: Document) -> str:
    chosen = result["selected"]
    auc = chosen["auc"][str(chosen["epoch"])]
    return f"{result['method']}: epoch {chosen['epoch']} of {result['epochs']}, for its validation AUC of {auc:.3f}"


def _format_differences(results: Sequence[Document]) -> str:
    """Format a row for each metric, a column for each method: its difference with the 95 % interval."""
    others = [result for result in results if "against" in result]
    rows = [[f"ahead of {others[0]['against']['method']}", *(result["method"] for result in others)]]
    for name in others[0]["against"]["metrics"]:
        rows.append([name, *(_format_difference(result["against"], name) for result in others)])
    return f"\n{align(rows)}"


def _format_difference(difference: Document, name: str) -> str:
    if name not in difference["metrics"]:
        return ""
    value, low, high = (
        f"{number:+.3f}".replace("0.", ".", 1)
        for number in (difference["metrics"][name], *difference["intervals"][name])
    )
    return f"{value} [{low}, {high}]"


def _format_published(claims: Sequence[Document]) -> str:
    rows = [["method*", "metric", "figure", "source"]]
    rows += [[claim["method"], claim["metric"], f"{claim['value']:g}", claim["source"]] for claim in claims]
    return f"\n{align(rows)}\n* published, {PUBLISHED}"
