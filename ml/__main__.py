"""Command line of `ml`: `python -m ml compare`, `tune`, `speed`, `gpu`, `split`, `top`, `convert`; no database."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.configs.arguments import names, number, pair, whole_number, writable
from ml.configs.methods import METHODS, help_lines
from ml.errors import BadSetting, MlError

if TYPE_CHECKING:
    from ml.benchmark.compare import Options

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

SETS = "SET:FOLDER (mnist, fashion-mnist, svhn, cifar-10, celeba, tiny-imagenet)"
RESUMABLE = "what was finished is saved, and the same command continues from there"
FORMS = ("figures", "table-2", "probes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status: 0, 2 after a line on stderr about a wrong input, 130 if interrupted."""
    options = _parser().parse_args(arguments)
    try:
        if options.command != "train" and int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise BadSetting(f"several processes can share `ml train` alone, not `ml {options.command}`")
        output = options.run(options)
    except (MlError, OSError) as error:
        print(f"ml: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"ml: interrupted; {options.stopped}", file=sys.stderr)
        return 130
    if output:
        print(output)
    return 0


# Modules that need torch are imported in the functions: --help and a mistyped option answer without waiting for it.


def _build_options(given: argparse.Namespace, **more: Any) -> "Options":
    from ml.benchmark.compare import Options
    from ml.training.loop import TrainConfig

    training = TrainConfig(epochs=given.epochs, seconds=given.seconds, seed=given.seed)
    return Options(methods=given.methods, training=training, settings=dict(given.set), progress=True, **more)


def _folders(given: argparse.Namespace) -> dict[str, Path | None]:
    return {"results": given.json.with_name(given.json.name + ".parts"), "models": given.models}


def _run_retrieval(given: argparse.Namespace) -> str:
    from ml.benchmark.altered import format_altered_table
    from ml.benchmark.retrieval import compare_retrieval
    from ml.benchmark.tables import format_retrieval_table

    names = ("labels", "where", "pictures", "form", "altered", "sample")
    more = {name: getattr(given, name) for name in names}
    document = compare_retrieval(given.train, given.test, _build_options(given, **_folders(given), **more))
    tables = [format_altered_table(document["results"])] if given.altered else []
    return _write(document, given.json, "\n\n".join([format_retrieval_table(document), *tables]))


def _run_recommend(given: argparse.Namespace) -> str:
    from ml.benchmark.recommend import compare_recommend
    from ml.benchmark.recommend_tables import format_ranking_table

    more = {"against": given.against, "sampled": given.sampled, "select": given.select, **_parts(given)}
    document = compare_recommend(given.data, _build_options(given, **_folders(given), **more))
    return _write(document, given.json, format_ranking_table(document))


def _parts(given: argparse.Namespace) -> dict[str, Any]:
    from ml.benchmark.splits import parse_split

    return {"positive": given.positive, **parse_split(given.split)}


def _run_split(given: argparse.Namespace) -> str:
    from ml.benchmark.compare import Options
    from ml.benchmark.splits import write_split

    return write_split(given.data, given.out, Options(methods=(), **_parts(given)))


def _run_tune(given: argparse.Namespace) -> str:
    from ml.benchmark.tune import format_tuning_table, tune

    grid = {name: _values(name, values) for name, values in given.set}
    given.methods, given.set = [given.method], []
    results = given.json.with_name(given.json.name + ".parts")
    document = tune(given.data, _build_options(given, results=results, **_parts(given)), grid, given.by)
    return _write(document, given.json, format_tuning_table(document))


def _values(name: str, text: str) -> list[str]:
    values = [value.strip() for value in text.split(",")]
    if not all(values):
        raise BadSetting(f"--set {name}={text}: a value is empty; it takes {name}=A,B,…")
    return list(dict.fromkeys(values))


def _run_design(given: argparse.Namespace) -> str:
    from ml.benchmark.designs.comparison import DesignOptions, compare_design
    from ml.benchmark.designs.tables import format_design_table

    options = _build_options(given, **_folders(given), pictures=given.pictures)
    design_options = DesignOptions(given.scorer, given.judge, given.categories, given.users, given.steps)
    document = compare_design(given.data, options, design_options)
    return _write(document, given.json, format_design_table(document))


def _run_speed(given: argparse.Namespace) -> str:
    from ml.benchmark import speed, tables

    options = _build_options(given)
    if all(name in METHODS and METHODS[name].role == "personal" for name in given.methods):
        document = speed.measure_personal_speeds(given.data, options)
        return _write(document, given.json, tables.format_personal_speed_table(document))
    document = speed.measure_speeds(given.data, options)
    return _write(document, given.json, tables.format_speed_table(document))


def _run_train(given: argparse.Namespace) -> str:
    from ml.benchmark.train import train

    given.methods = [given.method]
    return train(given.data, _build_options(given), given.model)


def _run_gpu(given: argparse.Namespace) -> str:
    from ml.benchmark import gpu

    document = gpu.measure_cases(progress=True)
    return _write(document, given.json, gpu.format_gpu_table(document))


def _run_top(given: argparse.Namespace) -> str:
    from ml.benchmark.lists import write_lists

    return write_lists(given.model, given.data, given.k, given.out, progress=True)


def _run_convert(given: argparse.Namespace) -> str:
    from ml.data.conversion import convert, limit_resources

    limit_resources(given.file.stat().st_size)
    return convert(given.file, given.folder)


def _write(document: Any, file: Path, table: str) -> str:
    """Write the document; return the table. Any: whatever JSON can hold."""
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml", description="Train, compare and apply the methods without a shop."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser("compare", help="train methods on the same data and measure them")
    tasks = compare.add_subparsers(dest="task", required=True)
    retrieval = _add_command(tasks, "retrieval", ["similar"], "compare how well methods find pictures of a label")
    retrieval.add_argument("--train", required=True, help=f"zip, folder, CSV or {SETS}; labels are not used")
    retrieval.add_argument(
        "--test", required=True, help="the same, to measure on by its labels; of a SET its test split"
    )
    retrieval.add_argument(
        "--label",
        dest="labels",
        action="append",
        default=[],
        metavar="LABEL[+LABEL]",
        help="label to measure by, or two that must both agree; may be repeated (default: each column of labels)",
    )
    retrieval.add_argument(
        "--where",
        type=pair,
        action="append",
        default=[],
        metavar="LABEL=VALUE",
        help="measure again on the pictures with this value alone; may be repeated",
    )
    retrieval.add_argument(
        "--as",
        dest="form",
        choices=FORMS,
        default=FORMS[0],
        help="table to print: all figures, the InfoGAN paper's table II, or the AGE poster's SVM and kNN probes",
    )
    retrieval.add_argument(
        "--sample",
        type=whole_number,
        metavar="N",
        help="measure on N labelled pictures, drawn by the seed (default: all; --as table-2: at most 10,000)",
    )
    retrieval.add_argument(
        "--altered",
        action="store_true",
        help="also search by pictures altered as people's photos differ: whether the picture itself is found",
    )
    retrieval.add_argument("--pictures", type=Path, metavar="DIR", help="folder for a contact sheet of each method")
    recommend = _add_command(tasks, "recommend", ["personal"], "compare how well methods rank users' last items")
    recommend.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder or zip with interactions.csv and images/ITEM.jpg, or DVBPR's .npy file",
    )
    _add_parts(recommend)
    recommend.add_argument(
        "--against",
        metavar="METHOD",
        help="also print the differences of the other methods from this one, paired by user",
    )
    recommend.add_argument(
        "--select",
        action="store_true",
        help="of the epochs that there is time to measure, use the best one for each user's item before the last",
    )
    recommend.add_argument(
        "--sampled",
        action="store_true",
        help="also compute auc/sampled-100, as DVBPR's code does, to compare with published figures",
    )
    design = _add_command(
        tasks, "design", ["design"], "compare generators by the preference of users and the realism of designs"
    )
    design.add_argument("--data", type=Path, required=True, help="as for recommend, with items.csv (item,category)")
    design.add_argument(
        "--scorer",
        default="hybrid",
        metavar="METHOD",
        help="personal method whose score is maximized (default: %(default)s)",
    )
    design.add_argument(
        "--judge",
        default="vbpr",
        metavar="METHOD",
        help="personal method that scores the designs too, trained with another seed (default: %(default)s)",
    )
    design.add_argument(
        "--categories", type=names, default=[], help="comma-separated, each with 40 pictures or more (default: all)"
    )
    design.add_argument("--users", type=whole_number, default=10, help="users for each category (default: %(default)s)")
    design.add_argument(
        "--steps", type=whole_number, default=30, help="steps of each search for a design (default: %(default)s)"
    )
    design.add_argument("--pictures", type=Path, metavar="DIR", help="folder for sheets of designs")
    speed = _add_command(
        commands,
        "speed",
        ["similar", "personal"],
        "measure pictures per second of similar methods, or positives per second of personal methods",
    )
    speed.add_argument(
        "--data", type=Path, required=True, help="zip, folder or CSV of pictures; for personal methods as for recommend"
    )
    tuning = commands.add_parser(
        "tune", help="train a personal method with each combination of settings, and rank validation items"
    )
    tuning.add_argument("method", metavar="METHOD", help="personal method")
    tuning.add_argument("--data", type=Path, required=True, help="as for compare recommend")
    tuning.add_argument("--by", default="auc", metavar="METRIC", help="metric of the best (default: %(default)s)")
    _add_parts(tuning)
    _add_training(tuning, "values of a setting, KEY=A,B,C; may be repeated: all combinations are trained")
    tuning.set_defaults(run=_run_tune, stopped=RESUMABLE)
    convert = commands.add_parser("convert", help="convert DVBPR's published .npy files to folders that compare reads")
    convert.add_argument("file", type=Path, metavar="FILE.npy", help="file to convert; no code in it is run")
    convert.add_argument("folder", type=Path, metavar="FOLDER", help="new folder; compare writes FILE.npy.converted")
    convert.set_defaults(run=_run_convert, stopped="nothing was written")
    gpu = commands.add_parser("gpu", help="time the training loop of each method on synthetic data, within ten minutes")
    gpu.add_argument("--json", type=writable, required=True, metavar="FILE.json", help="file of the figures")
    gpu.set_defaults(run=_run_gpu, stopped="nothing was written")
    train = commands.add_parser(
        "train", help="train a method on all of the data; under torchrun in several processes, one a card"
    )
    train.add_argument("method", metavar="METHOD", help="similar or personal method")
    train.add_argument("--data", required=True, help="as for compare retrieval or recommend; nothing is held out")
    train.add_argument("--model", type=Path, required=True, metavar="DIR", help="new folder, which all hosts see")
    _add_length(train, "setting of the method; may be repeated")
    train.set_defaults(run=_run_train, stopped="the same command continues after the last epoch")
    split = commands.add_parser("split", help="write the parts by which `compare recommend` trains and measures")
    split.add_argument("--data", type=Path, required=True, help="as for compare recommend")
    _add_parts(split)
    split.add_argument(
        "--out", type=writable, required=True, metavar="FILE.csv", help="CSV to write: user,item,timestamp,split"
    )
    split.set_defaults(run=_run_split, stopped="the file is not complete")
    top = commands.add_parser(
        "top", help="write the top items of all users, by a personal model that `compare recommend` saved"
    )
    top.add_argument(
        "--model", type=Path, required=True, metavar="DIR", help="the method's folder inside that of --models"
    )
    top.add_argument("--data", type=Path, required=True, help="data that it was trained on; these items are left out")
    top.add_argument(
        "--k",
        type=whole_number,
        default=100,
        help="items for each user, fewer if no more are left (default: %(default)s)",
    )
    top.add_argument(
        "--out", type=writable, required=True, metavar="FILE.csv", help="CSV to write: user,rank,item,score"
    )
    top.set_defaults(run=_run_top, stopped="nothing was written")
    runs = ((retrieval, _run_retrieval), (recommend, _run_recommend), (design, _run_design), (speed, _run_speed))
    for command, run in runs:
        command.set_defaults(run=run, stopped=RESUMABLE)
    for comparison in (retrieval, recommend, design):
        comparison.add_argument(
            "--models", type=Path, metavar="DIR", help="folder for trained models, which are reused"
        )
    return parser


def _add_command(commands: "Commands", name: str, roles: Sequence[str], summary: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog="\n".join(["methods:", *(line for role in roles for line in help_lines(role))]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--methods", type=names, required=True, help="comma-separated methods of those below")
    _add_training(parser, "setting of the methods that have it, or METHOD.KEY=VALUE for one method; may be repeated")
    return parser


def _add_training(parser: argparse.ArgumentParser, set_help: str) -> None:
    parser.add_argument(
        "--json",
        type=writable,
        required=True,
        metavar="OUT",
        help="JSON file of all figures; what is finished is also in OUT.parts, to continue after an interruption",
    )
    _add_length(parser, set_help)


def _add_length(parser: argparse.ArgumentParser, set_help: str) -> None:
    parser.add_argument(
        "--epochs", type=whole_number, help="epochs of training (default: as many as each method needs)"
    )
    parser.add_argument(
        "--seconds",
        type=number,
        help="seconds of training for each method, at most --epochs; the time to finish a model is extra",
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: %(default)s)")
    parser.add_argument("--set", type=pair, action="append", default=[], metavar="KEY=VALUE", help=set_help)


def _add_parts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--split",
        metavar="HOW",
        help="time:DATE trains on what came before, and tests each user's first new item from then on; items:SHARE "
        "trains without that share of the items, and tests each user's last one of them (default: the column split, "
        "or else each user's last item)",
    )
    parser.add_argument(
        "--positive", type=float, metavar="N", help="count interactions whose value, such as a rating, is N or more"
    )


if __name__ == "__main__":
    sys.exit(main())
