"""A check of the words in product code: how docstrings begin, and which words names and messages do not have.

`python -m tests.check_words [--count] [PATH ...]` reads `catalog`, `recommender`, `ml` and `visrec_site`, or the files
and folders that are given. It prints a line for each finding and exits with 1 if there is one. `--count` prints only
the numbers.
"""

import argparse
import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOMS = ("catalog", "recommender", "ml", "visrec_site")

# The verbs with which the docstring of a function, a method or a property begins today. Add one on purpose, and only if
# it is an imperative that says what happens. "Tell", "Have", "Let", "Say", "Give", "Make" and "Handle" do not.
_VERBS = """
Activate Add Allow Append Apply Approximate Average Build Call Cancel Change Check Choose Claim Collect Compare
Compute Concatenate Connect Convert Convolve Copy Count Create Crop Cut Decode Delete Derive Describe Detect Draw
Dump Dye Embed Encode Estimate Evaluate Exclude Fill Filter Find Finish Fit Flatten Format Generate Hash Identify
Ignore Import Interpolate Join Kill Label Limit List Load Lock Mark Measure Move Normalize Open Parse Plan Predict
Prepare Print Queue Raise Rank Rate Read Recommend Record Release Remove Render Renew Replace Request Resize Respond
Restart Restore Return Run Sample Save Scale Search Send Set Shift Show Shrink Simulate Solve Split Stack Start Stop
Store Summarize Tailor Take Tile Train Transform Truncate Update Wait Write Yield
"""
VERBS = frozenset(_VERBS.split())

# First words that make the docstring of a module or a class a riddle.
_OPENINGS = """
All Anybody As Everybody Everybody's For How If It Of Somebody Something That There They This Those What Whatever When
Where Whether Which Who Whoever Whose Why
"""
OPENINGS = frozenset(_OPENINGS.split())

EVERYWHERE = ("",)
FITTING = ("ml/contract.py", "ml/models/")


class Word(NamedTuple):
    instead: str
    paths: tuple[str, ...] = EVERYWHERE  # prefixes of the files in which the word is not used as a name
    except_in: tuple[str, ...] = ()


# Names that are not defined: as a whole, with underscores at the ends or as `TheName`.
NAMES = {
    "aim": Word("RetrievalPlan, plan"),
    "answer": Word("response, result, recommendation"),
    "answers": Word("responses, saved results"),
    "answers_away": Word("SavedResultsUnavailable"),
    "around": Word("laplace, posterior", except_in=("catalog/demo/",)),  # a drawn curve does go around something
    "ask": Word("RecommendationQuery, query"),
    "carriers": Word("top_contributors"),
    "chance": Word("generator, probability, random baseline"),
    "done_with": Word("excluded_ids"),
    "eye": Word("embedding_version"),
    "finish": Word("on_fit_end", FITTING),
    "floors": Word("baselines, lower"),
    "halves": Word("use_bf16"),
    "lead": Word("margin", ("ml/",)),
    "look": Word("embedding", except_in=("catalog/demo/",)),  # the materials and colours of a drawn product
    "look_of": Word("embedding_of", except_in=("catalog/demo/",)),
    "made": Word("created, generated, reconstruction"),
    "pace": Word("lr_factor"),
    "picture": Word("image"),
    "pictures": Word("images"),
    "place": Word("index, position, path", ("ml/", "recommender/")),
    "places": Word("indices, positions", ("ml/", "recommender/")),
    "pull": Word("gradient"),
    "redrawn": Word("reconstruct"),
    "resize": Word("allocate", FITTING),
    "sizes": Word("state_shapes", FITTING),
    "start": Word("on_fit_start", FITTING),
    "turned_down": Word("excluded_ids"),
    "workers_away": Word("WorkersUnavailable"),
}

# Words that are no part of a name either: `lease_kept`, `read_journal`.
PARTS = {
    "asked": Word("params, queries, requested"),
    "asking": Word("params, queries, requesting"),
    "asks": Word("queries, requests"),
    "deed": Word("activity"),
    "deeds": Word("activities"),
    "eyes": Word("embedding_version"),
    "garment": Word("labelled_image", except_in=("catalog/demo/",)),
    "garments": Word("labelled_images", except_in=("catalog/demo/",)),  # tops and dresses are garments
    "guess": Word("encode, estimate"),
    "heard": Word("reported"),
    "journal": Word("interaction_file"),
    "journals": Word("interaction_files"),
    "kept": Word("saved, retained"),
    "looked": Word("embedded"),
    "looking": Word("embedding"),
    "looks": Word("embeddings", except_in=("catalog/demo/",)),
    "player": Word("optimizer"),
    "players": Word("optimizers"),
    "replays": Word("saved results"),
    "said": Word("reported, text"),
    "stiffness": Word("curvature"),
    "told": Word("payload, params, messages"),
    "truth": Word("ground_truth"),
}

# Words that no help text and no message of an exception has, with what to say in their place.
MESSAGES = {
    "told": "given, set, named",
    "untold": "not given",
    "tells": "gives, distinguishes",
    "heard": "reported",
    "asked for": "requested",
    "garment": "product",
    "garments": "products",
    "journal": "interaction file",
    "journals": "interaction files",
    "deed": "interaction",
    "deeds": "interactions",
    "taken up": "claimed",
    "given up": "failed, cancelled",
    "there may be": "the limit, as a number",
    "stay silent": "report nothing for",
    "carry on": "continue",
    "says nothing": "does not name",
}
RIDDLE = re.compile(rf"\b({'|'.join(MESSAGES)})\b", re.IGNORECASE)
HELP = {"help", "help_text", "description"}

# Names that stay although the lists above have them: the file and the name, and the reason.
STAY = {
    ("recommender/designs/gap_reports.py", "pictures"): "a key of gaps.json on disk",
    ("catalog/admin/forms.py", "pictures"): "the name of the form's field in HTML",
    ("ml/models/hybrid.py", "pictures"): "a prefix in the state dict of checkpoints on disk",
    ("ml/benchmark/compare.py", "pictures"): "the option --pictures of `ml compare`",
}


class Finding(NamedTuple):
    kind: str  # "docstring", "opening", "name" or "message"
    file: str
    line: int
    reason: str


def in_file(file: str, source: str) -> Iterator[Finding]:
    tree = ast.parse(source, file)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            yield from _docstring(file, node)
        for name in _defined(node):
            if word := _forbidden(file, name):
                reason = f"the name {name}: say {word.instead}, or the field's own term"
                yield Finding("name", file, node.lineno, reason)
        for text in _messages(node):
            if riddle := RIDDLE.search(text.value):
                reason = f"the message {text.value!r}: say {MESSAGES[riddle[0].lower()]} instead of {riddle[0]!r}"
                yield Finding("message", file, text.lineno, reason)


def _docstring(
    file: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
) -> Iterator[Finding]:
    text = ast.get_docstring(node)
    if not text:
        return
    line = node.body[0].lineno
    first, second, *_ = [*re.findall(r"\S+", text), "", ""]
    shown = text.splitlines()[0]
    if isinstance(node, ast.ClassDef | ast.Module):
        if first.rstrip(",:") in OPENINGS or (first, second) == ("The", "same"):
            name = node.name if isinstance(node, ast.ClassDef) else "the module"
            yield Finding("opening", file, line, f"{name}: a pronoun or a particle begins {shown!r}")
    elif first.rstrip(",:") not in VERBS or second == "of":
        yield Finding("docstring", file, line, f"{node.name}: no imperative verb begins {shown!r}")


def _defined(node: ast.AST) -> list[str]:
    """Return the names that this node gives to something, not those that it reads."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return [name]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return [alias.asname for alias in aliases if alias.asname]
    return []


def _messages(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the literals of help texts, and of the first argument of an exception that is raised."""
    match node:
        case ast.Call(keywords=keywords):
            texts = [keyword.value for keyword in keywords if keyword.arg in HELP]
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in HELP:
            texts = [value]
        case ast.Raise(exc=ast.Call(args=[first, *_])):
            texts = [first]
        case _:
            texts = []
    for part in (part for text in texts for part in ast.walk(text)):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part


def _forbidden(file: str, name: str) -> Word | None:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
    found = [NAMES.get(snake), *(PARTS.get(part) for part in snake.replace("ground_truth", "").split("_"))]
    if (file, name) in STAY:
        return None
    return next((word for word in found if word and _applies(word, file)), None)


def _applies(word: Word, file: str) -> bool:
    return file.startswith(word.paths) and not (word.except_in and file.startswith(word.except_in))


def findings(paths: list[Path]) -> list[Finding]:
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    read = [file for file in files if "migrations" not in file.parts]
    return [found for file in read for found in in_file(_from_here(file), file.read_text())]


def _from_here(file: Path) -> str:
    here = file.resolve()
    return (here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here).as_posix()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.check_words", description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, default=[Path(room) for room in ROOMS])
    parser.add_argument("--count", action="store_true", help="print only how many there are of each kind")
    given = parser.parse_args()
    if missing := [path for path in given.paths if not path.exists()]:
        parser.error(f"there is no {missing[0]}")
    found = findings(given.paths)
    if given.count:
        counts = Counter(finding.kind for finding in found)
        print(", ".join(f"{kind} {counts[kind]}" for kind in ("docstring", "opening", "name", "message")))
    else:
        for finding in found:
            print(f"{finding.file}:{finding.line}: {finding.reason}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
