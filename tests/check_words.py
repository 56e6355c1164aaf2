"""A check of the words in product code: how docstrings begin, and which names are not used.

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

# The verbs with which the docstring of a function, a method or a property may begin. Add one on purpose, and only if it
# is a verb in the imperative that says what happens. "Tell", "Have", "Let", "Say", "Give", "Make" and "Handle" do not.
_VERBS = """
Accept Acquire Activate Add Adjust Align Allocate Allow Annotate Append Apply Approximate Archive Assemble Assert Assign
Attach Augment Average Backpropagate Batch Begin Bind Blend Blur Break Build Cache Calculate Calibrate Call Cancel
Capture Cast Center Change Check Choose Claim Clamp Classify Clean Clear Clip Close Cluster Collect Combine Commit
Compare Complete Compose Compress Compute Concatenate Condition Configure Connect Construct Continue Convert Convolve
Copy Correct Count Cover Create Crop Cut Declare Decode Decorate Decrease Defer Define Delete Deliver Derive Describe
Deserialize Detach Detect Determine Differentiate Discard Dispatch Display Distort Divide Download Draw Drop Dye Embed
Emit Enable Encode End Enqueue Ensure Escape Estimate Evaluate Exclude Execute Exit Expand Explain Export Extend Extract
Fade Fetch Fill Filter Find Finish Fit Flatten Fold Follow Format Forward Freeze Generate Group Grow Guard Hash Hide
Highlight Identify Ignore Implement Import Include Increase Index Initialize Insert Inspect Install Interpolate
Invalidate Invert Iterate Join Keep Kill Label Launch Lay Leave Limit Link List Listen Load Locate Lock Log Map Mark
Mask Match Measure Merge Migrate Minimize Mix Mount Move Multiply Name Narrow Normalize Note Notify Number Offer Omit
Open Optimize Order Override Pack Pad Paint Parse Pass Paste Permute Persist Pick Place Plan Plot Pool Precompute
Predict Prefetch Prepare Prepend Preprocess Present Preserve Prevent Print Produce Project Promote Propagate Provide
Prune Publish Purge Push Queue Raise Randomize Rank Rate Read Rebuild Receive Recognize Recommend Recompute Reconstruct
Record Redirect Redraw Reduce Refresh Refuse Register Reject Release Reload Remap Remove Rename Render Renew Reorder
Repeat Replace Report Request Require Rerank Resample Rescale Reset Reshape Resize Resolve Respond Restart Restore
Restrict Resume Retire Retrieve Retry Return Reuse Reverse Revoke Roll Rotate Round Route Run Sample Save Scale Scan
Schedule Score Search Seed Select Send Separate Serialize Serve Set Shade Shift Show Shrink Shuffle Sign Simulate Skip
Sleep Smooth Solve Sort Split Spread Square Stack Standardize Start Step Stop Store Stream Stretch Strip Submit Subtract
Sum Summarize Supply Switch Synchronize Tailor Take Test Throttle Tile Trace Track Train Transform Translate Traverse
Trim Truncate Try Turn Undo Unpack Update Upload Use Validate Verify Visit Wait Walk Warn Watch Weigh Weight Whiten
Withdraw Wrap Write Yield Zero
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
    "players": Word("optimizers"),
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
    "deed": Word("activity"),
    "deeds": Word("activities"),
    "eyes": Word("embedding_version"),
    "garments": Word("labelled_images", except_in=("catalog/demo/",)),  # tops and dresses are garments
    "guess": Word("encode, estimate"),
    "heard": Word("reported"),
    "journal": Word("interaction_file"),
    "journals": Word("interaction_files"),
    "kept": Word("saved, retained"),
    "looks": Word("embeddings", except_in=("catalog/demo/",)),
    "replays": Word("saved results"),
    "said": Word("reported, text"),
    "stiffness": Word("curvature"),
    "told": Word("payload, params, messages"),
    "truth": Word("ground_truth"),
}

# Names that stay although the lists above have them: the file and the name, and the reason.
STAY = {
    ("recommender/designs/gap_reports.py", "pictures"): "a key of gaps.json on disk",
    ("catalog/admin/forms.py", "pictures"): "the name of the form's field in HTML",
    ("ml/models/hybrid.py", "pictures"): "a prefix in the state dict of checkpoints on disk",
    ("ml/benchmark/compare.py", "pictures"): "the option --pictures of `ml compare`",
}


class Finding(NamedTuple):
    kind: str  # "docstring", "opening" or "name"
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
        print(", ".join(f"{kind} {counts[kind]}" for kind in ("docstring", "opening", "name")))
    else:
        for finding in found:
            print(f"{finding.file}:{finding.line}: {finding.reason}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
