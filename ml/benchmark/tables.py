"""Tables of retrieval comparisons and of speeds, for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from ml.benchmark.compare import Document
from ml.data.published import PROBES, SHOE_CLASS, TABLE_2


def format_retrieval_table(document: Document) -> str:
    """Format a table of all images and one of each part that was measured alone, with notes."""
    form, notes = {
        "table-2": (_format_table_2, TABLE_2_NOTES),
        "probes": (_format_probes, PROBES_NOTES),
    }.get(document.get("as", ""), (_format_figures, FIGURES_NOTES))
    results = document["results"]
    pieces = [form(document, results), *document.get("below_floors", ())]
    pieces += [f"{result['method']}: {warning}" for result in results for warning in result["warnings"]]
    pieces += [f"{method}: not run: {reason}" for method, reason in document.get("not_run", {}).items()]
    for title, part in document.get("where", {}).items():
        within = [result | result["where"][title] for result in results]
        pieces += [f"\nwhere {title}", form(part, within), *part["below_floors"]]
    return "\n".join([*pieces, *notes])


PRECISION = (
    "precision@k: out of the k nearest, also where fewer others have the label; none where fewer than k have any."
)
FIGURES_NOTES = ("", PRECISION)


def _format_figures(part: Document, results: Sequence[Document]) -> str:
    """Format a column for each method and the random baseline, a row for each metric, with half the 95 % interval."""
    names = sorted({name for result in results for name in result["metrics"]}, key=_order)
    columns = [["method", *names, "seconds trained"]]
    columns.append(["chance", *(format_figure(part["chance"]["metrics"].get(name)) for name in names), ""])
    for result in results:
        figures = [format_figure(result["metrics"].get(name), result["intervals"].get(name)) for name in names]
        columns.append([result["method"], *figures, f"{result['seconds']['train']:.0f}"])
    return align(zip(*columns, strict=True))  # transposed: many labels make many figures


def _order(name: str) -> tuple[str, str]:
    metric, _, label = name.partition("/")
    return label, metric


def format_figure(value: float | None, interval: Sequence[float] | None = None) -> str:
    """Format a figure, with half its interval if there is one."""
    if value is None:
        return "-"
    return f"{value:.3f}" if interval is None else f"{value:.3f} ± {(interval[1] - interval[0]) / 2:.3f}"


MOST_CLASSES = 30  # of a label, that are listed; the JSON file has all

TABLE_2_NOTES = (
    "",
    PRECISION,
    "MB: all that is learned, as float32, of 2^20 bytes. s/image: median, one CPU core, batch 1.",
    "* published, on other data: 10,000 pictures of UT-Zappos50K, 8 classes; k not given; 24-core Xeon.",
)


def _format_table_2(part: Document, results: Sequence[Document]) -> str:
    """Format the InfoGAN paper's table II for each label; methods that were not run here are in the first."""
    first, *others = part["data"]["classes"]
    idle = () if "where" not in part else [name for name in TABLE_2 if name not in {r["method"] for r in results}]
    tables = [_format_precision(first, part, results, idle)]
    return "\n\n".join(tables + [_format_precision(name, part, results) for name in others])


def _format_precision(label: str, part: Document, results: Sequence[Document], idle: Sequence[str] = ()) -> str:
    names = [*(f"precision@{k}/{label}" for k in (1, 5, 10)), f"map/{label}"]
    rows = [["model", "MB", "s/image", "precision@1", "@5", "@10", "mAP", "MB*", "s/image*", "precision*"]]
    chances = part["chance"]["metrics"]
    rows.append(["chance", "", "", *(format_figure(chances.get(name)) for name in names), "", "", ""])
    for result in results:
        ours = [f"{result['megabytes'] * 1e6 / 2**20:.1f}", f"{result['seconds_per_image']:.4f}"]
        figures = [format_figure(result["metrics"].get(name), result["intervals"].get(name)) for name in names]
        rows.append([result["method"], *ours, *figures, *_format_published(result["method"])])
    rows += [[name, "not run", *[""] * 5, *_format_published(name)] for name in idle]
    shoes = "UT-Zappos50K's" if label == SHOE_CLASS else "not UT-Zappos50K's 8 shoe classes"
    table = f"precision over {label}: {part['data']['classes'][label]} classes, {shoes}\n{align(rows)}"
    return "\n\n".join([table, *_format_classes(label, results)])


def _format_classes(label: str, results: Sequence[Document]) -> Iterator[str]:
    """Format precision@5 of each class, a column for each method; nothing of a part, or of too many classes to read."""
    by_class = {result["method"]: result.get("by_class", {}).get(label, {}) for result in results}
    names = list(dict.fromkeys(name for each in by_class.values() for name in each))
    if 0 < len(names) <= MOST_CLASSES:
        rows = [[name, *(format_figure(each.get(name)) for each in by_class.values())] for name in names]
        yield f"precision@5 of each {label}\n{align([['', *by_class], *rows])}"


def _format_published(method: str) -> list[str]:
    row = TABLE_2.get(method)
    return [f"{row.megabytes:g}", f"{row.seconds:g}", f"{row.precision:.2f}"] if row else [""] * 3


PROBES_NOTES = (
    "",
    "train, validation, test: 60, 20, 20 % of the labelled pictures, means over three divisions. No picture is",
    "its own neighbour. majority: the share on test of the class that is most frequent on train.",
    "* published, on other data: SVHN, with raw pixels for `pixels`. The majority class there is .189 of train,",
    "and its neighbours on train count the picture itself.",
)


def _format_probes(part: Document, results: Sequence[Document]) -> str:
    """Format the AGE poster's table for each label; methods that were not run here are in the first."""
    (label, classes), *others = part["data"]["classes"].items()
    run = {result["method"] for result in results}
    idle = () if "where" not in part else [key for key in PROBES if key[0] not in run]
    tables = [_format_accuracies(label, classes, results, idle)]
    return "\n\n".join(tables + [_format_accuracies(label, classes, results) for label, classes in others])


def _format_accuracies(
    label: str, classes: int, results: Sequence[Document], idle: Sequence[tuple[str, str]] = ()
) -> str:
    titles = {"svm": "linear SVM", "knn": "kNN, K=3"}
    rows = [["accuracy on", "", "train", "validation", "test", "majority", "train*", "validation*"]]
    for result in results:
        found = result["probes"][label]
        for probe, title in titles.items():
            ours = [f"{found[probe][on]:.3f}" for on in ("train", "validation", "test")]
            theirs = [f"{value:.3f}" for value in PROBES.get((result["method"], probe), ())] or ["", ""]
            rows.append([result["method"], title, *ours, f"{found['majority']:.3f}", *theirs])
    for method, probe in idle:
        rows.append([method, titles[probe], "not run", "", "", "", *(f"{v:.3f}" for v in PROBES[method, probe])])
    return f"probes of {label}: {classes} classes\n{align(rows)}"


def format_speed_table(results: Sequence[Document]) -> str:
    """Format the speeds of similar methods, one row each."""
    rows = [["pictures a second", "training", "forward", "from JPEG bytes", "ratio"]]
    for each in results:
        training = "-" if each["training"] is None else f"{each['training']:.0f}"
        rows.append(
            [each["method"], training, f"{each['forward']:.0f}", f"{each['from_bytes']:.0f}", f"{each['ratio']:.2f}"]
        )
    return align(rows)


def format_personal_speed_table(results: Sequence[Document]) -> str:
    """Format the speeds of personal methods, one row each."""
    rows = [["positives a second", "training", "bare", "ratio", "without steps", "ratio", "comparisons a second"]]
    for each in results:
        if each["loop"] is None:
            rows.append([each["method"], *["-"] * 6])
        else:
            ratios = [f"{each[name]:.2f}" for name in ("ratio", "ratio_of_gradients")]
            speeds = [f"{each[name]:,.0f}" for name in ("loop", "arithmetic", "gradients", "comparisons")]
            rows.append([each["method"], *speeds[:2], ratios[0], speeds[2], ratios[1], speeds[3]])
    return align(rows)


def align(rows: Iterable[Sequence[str]]) -> str:
    """Join rows of cells to aligned lines, the first column to the left and the others to the right."""
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_format_line(row, widths) for row in lines)


def _format_line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()
