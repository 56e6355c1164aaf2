"""`python -m ml compare`, `speed`, `top` and `convert`: methods side by side, without a database."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.configs.methods import METHODS, help_lines
from ml.errors import MlError

if TYPE_CHECKING:
    from ml.benchmark.compare import Options

SETS = "SET:FOLDER (mnist, fashion-mnist, svhn, cifar-10, celeba, tiny-imagenet)"
KEPT = "what was finished is kept, and the same command goes on from there"
FORMS = ("figures", "table-2", "probes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0; 2 after one line on stderr that says what is wrong with the input; 130 if stopped."""
    options = _parser().parse_args(arguments)
    try:
        said = options.run(options)
    except (MlError, OSError) as error:
        print(f"ml: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"ml: interrupted; {options.stopped}", file=sys.stderr)
        return 130
    print(said)
    return 0


# What needs torch is imported only here: --help and a mistyped option answer without waiting for it.


def _options(given: argparse.Namespace, **more: Any) -> "Options":
    from ml.benchmark.compare import Options
    from ml.training.loop import TrainConfig

    training = TrainConfig(epochs=given.epochs, seconds=given.seconds, seed=given.seed)
    return Options(methods=given.methods, training=training, settings=dict(given.set), progress=True, **more)


def _kept(given: argparse.Namespace) -> dict[str, Path | None]:
    return {"results": given.json.with_name(given.json.name + ".parts"), "models": given.models}


def _retrieval(given: argparse.Namespace) -> str:
    from ml.benchmark.retrieval import compare_retrieval
    from ml.benchmark.tables import table

    asked = {"labels": given.label, "where": given.where, "pictures": given.pictures, "form": given.form}
    document = compare_retrieval(given.train, given.test, _options(given, **_kept(given), **asked))
    return _written(document, given.json, table(document))


def _recommend(given: argparse.Namespace) -> str:
    from ml.benchmark.recommend import compare_recommend
    from ml.benchmark.recommend_tables import ranking_table

    asked = {"against": given.against, "sampled": given.sampled, "select": given.select}
    document = compare_recommend(given.data, _options(given, **_kept(given), **asked))
    return _written(document, given.json, ranking_table(document))


def _design(given: argparse.Namespace) -> str:
    from ml.benchmark.designs.comparison import Asked, compare_design
    from ml.benchmark.designs.tables import design_table

    asked = Asked(given.scorer, given.judge, given.categories, given.users, given.steps)
    document = compare_design(given.data, _options(given, **_kept(given), pictures=given.pictures), asked)
    return _written(document, given.json, design_table(document))


def _speed(given: argparse.Namespace) -> str:
    from ml.benchmark.speed import personal_speeds, speeds
    from ml.benchmark.tables import personal_speed_table, speed_table

    measure, form = (personal_speeds, personal_speed_table) if _are_personal(given.methods) else (speeds, speed_table)
    document = measure(given.data, _options(given))
    return _written(document, given.json, form(document))


def _are_personal(methods: Sequence[str]) -> bool:
    return all(name in METHODS and METHODS[name].role == "personal" for name in methods)


def _top(given: argparse.Namespace) -> str:
    from ml.benchmark.lists import write_lists

    return write_lists(given.model, given.data, given.k, given.out, progress=True)


def _convert(given: argparse.Namespace) -> str:
    from ml.data.conversion import convert, limit

    limit(given.file.stat().st_size)
    return convert(given.file, given.folder)


def _written(document: Any, file: Path, table: str) -> str:
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml", description="Pictures that recommend, without a shop.")
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser("compare", help="train methods on the same data and measure them")
    tasks = compare.add_subparsers(dest="task", required=True)
    retrieval = _task(tasks, "retrieval", ["similar"], "how well each method finds pictures with the same label")
    retrieval.add_argument("--train", required=True, help=f"zip, folder, CSV or {SETS}; its labels are not read")
    retrieval.add_argument("--test", required=True, help="the same, with labels; of a set its test split")
    retrieval.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="LABEL[+LABEL]",
        help="measure by this one, or where both agree; may be repeated (default: each column of labels)",
    )
    retrieval.add_argument(
        "--where",
        type=_pair,
        action="append",
        default=[],
        metavar="LABEL=VALUE",
        help="measure again on these pictures alone, queries and gallery; may be repeated",
    )
    retrieval.add_argument(
        "--as",
        dest="form",
        choices=FORMS,
        default=FORMS[0],
        help="what the table shows: all figures, the InfoGAN paper's table II, or the AGE poster's SVM and kNN probes",
    )
    retrieval.add_argument("--pictures", type=Path, metavar="DIR", help="draw a contact sheet of each method there")
    recommend = _task(tasks, "recommend", ["personal"], "how well each method ranks what a user took last")
    recommend.add_argument(
        "--data", type=Path, required=True, help="folder or zip: interactions.csv, images/ITEM.jpg; or DVBPR's .npy"
    )
    recommend.add_argument(
        "--against", metavar="METHOD", help="also how far each other method is ahead of this one, user by user"
    )
    recommend.add_argument(
        "--select",
        action="store_true",
        help="keep the epoch that ranks the last item but one best, of those that there is time to measure",
    )
    recommend.add_argument(
        "--sampled",
        action="store_true",
        help="also auc/sampled-100, by which DVBPR's code measures, to stand beside published figures",
    )
    design = _task(tasks, "design", ["design"], "what a generator's designs are worth to users, and how real they are")
    design.add_argument(
        "--data", type=Path, required=True, help="as for recommend, with items.csv: item,category; images/ITEM.jpg"
    )
    design.add_argument(
        "--scorer",
        default="hybrid",
        metavar="METHOD",
        help="the personal method whose score is sought (default: %(default)s)",
    )
    design.add_argument(
        "--judge",
        default="vbpr",
        metavar="METHOD",
        help="a personal method that judges too, trained with another seed (default: %(default)s)",
    )
    design.add_argument(
        "--categories", type=_names, default=[], help="comma-separated, of 40 pictures or more (default: all)"
    )
    design.add_argument("--users", type=_whole_number, default=10, help="for each category (default: %(default)s)")
    design.add_argument(
        "--steps", type=_whole_number, default=30, help="of each search for a design (default: %(default)s)"
    )
    design.add_argument("--pictures", type=Path, metavar="DIR", help="draw sheets of designs there")
    speed = _task(
        commands,
        "speed",
        ["similar", "personal"],
        "how many pictures a second similar methods train on and embed, or how many positives personal ones train on",
    )
    speed.add_argument(
        "--data", type=Path, required=True, help="zip, folder or CSV of pictures; for personal methods as in recommend"
    )
    convert = commands.add_parser("convert", help="DVBPR's published .npy files to folders that compare reads")
    convert.add_argument("file", type=Path, metavar="FILE.npy", help="read without running what is in it")
    convert.add_argument("folder", type=Path, metavar="FOLDER", help="a new one; compare makes FILE.npy.converted")
    convert.set_defaults(run=_convert, stopped="nothing was written")
    top = commands.add_parser("top", help="everybody's list, out of a personal model that `compare recommend` kept")
    top.add_argument("--model", type=Path, required=True, metavar="DIR", help="METHOD's folder in that of --models")
    top.add_argument("--data", type=Path, required=True, help="what it was trained on; what users had is left out")
    top.add_argument("--k", type=_whole_number, default=100, help="items a user, fewer where no more are left")
    top.add_argument("--out", type=_writable, required=True, metavar="FILE.csv", help="user,rank,item,score")
    top.set_defaults(run=_top, stopped="nothing was written")
    for parser_of, run in ((retrieval, _retrieval), (recommend, _recommend), (design, _design), (speed, _speed)):
        parser_of.set_defaults(run=run, stopped=KEPT)
    for comparison in (retrieval, recommend, design):
        comparison.add_argument(
            "--models", type=Path, metavar="DIR", help="keep what was trained, and use what is kept there"
        )
    return parser


def _task(tasks: argparse._SubParsersAction, name: str, roles: Sequence[str], summary: str) -> argparse.ArgumentParser:
    parser = tasks.add_parser(
        name,
        help=summary,
        description=summary,
        epilog="\n".join(["methods:", *(line for role in roles for line in help_lines(role))]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--methods", type=_names, required=True, help="comma-separated, of those below")
    parser.add_argument(
        "--json",
        type=_writable,
        required=True,
        metavar="OUT",
        help="where all figures are written; a comparison's finished methods also in OUT.parts, to go on after a stop",
    )
    parser.add_argument("--epochs", type=_whole_number, help="default: as many as each method needs")
    parser.add_argument(
        "--seconds", type=_number, help="train each for so long, or till --epochs; finishing comes on top"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set",
        type=_pair,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="for the methods that have it; METHOD.KEY=VALUE for one",
    )
    return parser


def _writable(text: str) -> Path:
    file = Path(text)
    if not file.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{file.parent} is not a folder")  # now, not after an hour's training
    return file


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("name at least one method")
    return list(dict.fromkeys(names))


def _whole_number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _number(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form A=B")
    return key, value


if __name__ == "__main__":
    sys.exit(main())
