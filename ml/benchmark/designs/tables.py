"""Tables of a comparison of generators, for a terminal."""

from collections.abc import Sequence

from ml.benchmark.compare import Document
from ml.benchmark.tables import align, format_figure

FIGURES = ("liked", "judged", "realism", "diversity", "recognised", "classifier score")
ABOVE = "above best real"
NOTES = (
    "",
    "liked: by the scorer that is searched, in each user's own standard deviations among the category's products;",
    "judged: the same by the judge, which was trained apart. best real: the products that the scorer ranks first.",
    "realism: the discriminator's output. diversity: 1 - SSIM within the category. recognised: the share taken for the",
    "category by a classifier whose own score is exp E KL(p(y|x) | p(y)), no Inception score.",
    "Fréchet, kernel: distances of sets of images in descriptors of shape, colour and layout, not in Inception's",
    "features; of one half of the products from the other, and of random images from all products.",
)


def format_design_table(document: Document) -> str:
    """Format for each generator a table of all categories and one of each, then copies, tailoring and seconds."""
    pieces = [_format_data(document)]
    for result in document["results"]:
        pieces += ["", f"{result['method']}, all categories", _format_sets(result), *_format_more(result)]
        for name, part in result["categories"].items():
            pieces += ["", name, _format_sets(part)]
        pieces += [f"{result['method']}: {warning}" for warning in result["warnings"]]
    return "\n".join([*pieces, *NOTES])


def _format_data(document: Document) -> str:
    data = document["data"]
    counts = ", ".join(f"{name} {count}" for name, count in data["pictures"].items())
    left_out = ", ".join(f"{name} {count}" for name, count in data["left_out"].items())
    lines = [
        f"pictures: {counts}" + (f"; too few: {left_out}" if left_out else ""),
        f"scorer {document['scorer']}, judge {document['judge']}, "
        f"classifier right on {document['classifier']['accuracy']:.3f} of products held back",
    ]
    return "\n".join(lines)


def _format_sets(part: Document) -> str:
    """Format a row for each set of images, a column for each figure, with half the 95 % interval over users."""
    metrics, intervals = part["metrics"], part["intervals"]
    sets = [name.partition("/")[2] for name in metrics if name.startswith("realism/")]
    columns = [name for name in FIGURES if f"{name}/{sets[0]}" in metrics]
    above = [f"{name} {ABOVE}" for name in ("liked", "judged")]
    rows = [["", *columns, *above]]
    for name in sets:
        keys = [f"{column}/{name}" for column in (*columns, *above)]
        rows.append([name, *(format_figure(metrics.get(key), intervals.get(key)) for key in keys)])
    return align(rows)


def _format_more(result: Document) -> Sequence[str]:
    near = [["nearest product", "L1", "least L1", "copies", "cosine"]]
    near += [[name, *(f"{value:.3f}" for value in each.values())] for name, each in result["nearest"].items()]
    far = [["distance from products", "Fréchet", "kernel"]]
    far += [[name, f"{each['frechet']:.1f}", f"{each['kernel']:.3f}"] for name, each in result["distances"].items()]
    tailoring, seconds = result["tailoring"], result["seconds"]
    curve = [["tailored within", "liked", "judged", "realism", "change"]]
    curve += [
        [f"{point['budget']:.2f}", *(f"{point[name]:.3f}" for name in curve[0][1:])] for point in tailoring["curve"]
    ]
    durations = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
    refused = f"tailoring refused: {tailoring['refused']:.0%}"
    return ["", align(near), "", align(far), "", refused, align(curve), f"seconds: {durations}"]
