from pathlib import Path

import pytest

from tests import check_words
from tests.check_words import ROOMS, STAY, findings, in_file

ROOT = Path(__file__).resolve().parent.parent


def kinds(source: str, file: str = "ml/nn/some.py") -> list[str]:
    return [finding.kind for finding in in_file(file, source)]


@pytest.mark.parametrize(
    ("docstring", "found"),
    [
        ("Return the nearest embeddings.", []),
        ("Raise BadSetting unless the settings fit.", []),
        ("The nearest embeddings.", ["docstring"]),
        ("Whether it is trained.", ["docstring"]),
        ("(B, D) float32.", ["docstring"]),
        ("Returns the nearest embeddings.", ["docstring"]),
        ("Average the weights.", []),
        ("Average of the weights.", ["docstring"]),  # a noun here
    ],
)
def test_a_function_begins_with_an_imperative(docstring, found):
    assert kinds(f'def nearest():\n    """{docstring}"""') == found
    assert kinds(f'class Index:\n    @property\n    def nearest(self):\n        """{docstring}"""') == found


def test_a_function_may_have_no_docstring():
    assert kinds("def nearest(): ...") == []


@pytest.mark.parametrize(
    ("docstring", "found"),
    [
        ("Samplers of triples.", []),
        ("Find by photo.", []),
        ("What is sampled.", ["opening"]),
        ("Who: the visitors.", ["opening"]),
        ("The same as above.", ["opening"]),
    ],
)
def test_a_module_and_a_class_begin_with_a_noun(docstring, found):
    assert kinds(f'"""{docstring}"""') == found
    assert kinds(f'class Sampler:\n    """{docstring}"""') == found


@pytest.mark.parametrize(
    "source",
    [
        "pictures = 1",
        "def pictures(): ...",
        "def f(pictures): ...",
        "def f(*, pictures=1): ...",
        "class Pictures: ...",
        "for pictures in (): ...",
        "with open() as pictures: ...",
        "self.pictures = 1",
        "[pictures for pictures in ()]",
        "import PIL as pictures",
        "pictures: int",
        "_pictures = 1",
        "lease_kept = 1",
        "class JournalFile: ...",
        "who_asks = 1",
        "asking = 1",
        "looked = 1",
        "def looking(): ...",
        "player = 1",
        "garment = 1",
    ],
)
def test_a_name_of_the_list_is_found_wherever_it_is_defined(source):
    assert kinds(source) == ["name"]


@pytest.mark.parametrize(
    "source", ["self.pictures", "f(pictures=1)", "ground_truth = 1", "images = 1", "placement = 1"]
)
def test_a_name_that_is_only_read_or_has_the_field_s_term_is_not(source):
    assert kinds(source) == []


@pytest.mark.parametrize(
    "source",
    [
        'parser.add_argument("--k", help="k untold")',
        'parser.add_argument("--k", help="k, " + f"{told} if told")',
        'name = models.CharField(help_text="A garment")',
        'name: Annotated[int, Field(description="As many as there may be.")] = 1',
        'class Command:\n    help = "Carry on with a training."',
        'raise NotReady(f"{design} is given up after {n} workers")',
        'raise NotReady(f"{design} is done, and not to be "\n    "taken up")',
    ],
)
def test_a_riddle_in_a_help_text_or_an_exception_is_found(source):
    assert kinds(source) == ["message"]


@pytest.mark.parametrize(
    "source",
    [
        'raise NotReady("5 products liked or looked at")',
        'print("untold")',
        'raise NotReady(f"{untold} images")',
        "raise",
    ],
)
def test_a_plain_message_and_other_literals_are_not(source):
    assert kinds(source) == []


def test_a_word_may_be_right_in_one_folder_and_not_in_another():
    assert kinds("look = 1", "catalog/demo/look.py") == []
    assert kinds("look = 1", "recommender/serving/rerank.py") == ["name"]


def test_each_name_that_stays_is_still_there_and_would_be_found(monkeypatch):
    stay = list(STAY)
    monkeypatch.setattr(check_words, "STAY", {})
    for file, name in stay:
        reasons = [finding.reason for finding in in_file(file, (ROOT / file).read_text())]
        assert any(reason.startswith(f"the name {name}:") for reason in reasons), (file, name)


def test_the_product_has_no_word_of_the_lists(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert findings([Path(room) for room in ROOMS]) == []
