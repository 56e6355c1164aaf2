import pytest
from django.db import connection

from catalog import vocabulary
from catalog.models import Product, Word
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("a", "b", "edits"),
    [("boot", "boot", 0), ("boot", "boots", 1), ("bot", "boot", 1), ("bolt", "boot", 1), ("obot", "boot", 1)]
    + [("sandles", "sandals", 2), ("", "hat", 3), ("ca", "abc", 3)],
)
def test_edits_are_those_of_optimal_string_alignment(a, b, edits):
    assert vocabulary.count_edits(a, b) == vocabulary.count_edits(b, a) == edits


def test_words_of_products_and_of_categories_are_noted_once():
    product = ProductFactory(sku="RB-12", title="Red boots", category__name="Warm boots", image=False)
    ProductFactory(title="Red boots, size 42", attributes={"lining": "Wool, red"}, image=False)
    Product.objects.filter(pk=product.pk).update(title="Blue boots")
    CategoryFactory(name="Hats")

    words = list(Word.objects.values_list("word", flat=True))

    assert sorted(words) == ["blue", "boots", "hats", "red", "shoes", "size", "sku", "warm", "wool"]


def test_a_word_has_its_other_forms_of_the_catalogue():
    ProductFactory(title="Dress, dresses, dressing, boots", image=False)

    [dress, boot, the] = vocabulary.look_up("DRESS boot the dress")

    assert (dress.word, sorted(dress.forms), dress.begins) == ("dress", ["dresses", "dressing"], True)
    assert (boot.forms, boot.begins, boot.may_be_typo) == (["boots"], True, False)
    assert (the.is_stop, boot.is_stop) == (True, False)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("botos", ["boots"]),
        ("boost", ["boots"]),
        ("hst", []),  # too short to tell
        ("sneaekrs", ["sneakers"]),
        ("xneakerss", ["sneakers"]),
        ("smekers", []),
        ("caot", ["coat"]),  # as near as boat, which begins with another letter
        ("quokka", []),
    ],
)
def test_a_typo_is_the_word_of_fewest_edits(word, meant):
    ProductFactory(title="Boots sneakers hat coat goat boat", image=False)

    assert vocabulary.find_meant([word]) == ({word: meant} if meant else {})


def test_numbers_and_what_begins_a_word_are_no_typos():
    ProductFactory(title="Boots", image=False)

    assert [word.may_be_typo for word in vocabulary.look_up("bo b00ts boots bosots")] == [False, False, False, True]


def test_a_text_has_so_many_words_at_most():
    assert len(vocabulary.look_up(" ".join(f"w{number}" for number in range(99)))) == vocabulary.MOST


@pytest.mark.parametrize(
    ("statement", "params", "index"),
    [
        (vocabulary.LOOK_UP, (["english"], "red boot"), "word_in_order"),
        (vocabulary.NEAR, (["english"], ["boto"]), "word_remainders"),
    ],
)
def test_words_are_read_by_their_indexes(statement, params, index):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # which is best for a table as small as this one
        cursor.execute(f"EXPLAIN {statement}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert index in plan and "Seq Scan" not in plan


def test_words_that_nothing_has_any_more_are_forgotten():
    ProductFactory(title="Red boots", category__name="Warm shoes", image=False)
    ProductFactory(title="Purple boots", image=False).delete()
    Word.objects.order_by("pk").first().delete()  # ids need not begin with 1

    forgotten = sum(vocabulary.forget_unused(100) for _ in range(200))

    assert forgotten == 1
    assert not Word.objects.filter(word="purple").exists()
    assert Word.objects.filter(word__in=["red", "boots", "shoes"]).count() == 3
