import re
import signal
import sys
import zipfile

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from ml.__main__ import main
from tests.ml.benchmark.command import compared
from tests.ml.worlds import write_table, write_toy_image


def test_retrieval_has_all_that_the_contract_lists(photos, tmp_path, capsys):
    document = compared(
        tmp_path / "out.json",
        *("retrieval", "--train", photos, "--test", photos, "--methods", "pixels,visrec", "--epochs", 1),
        *("--set", "batch_size=8"),
    )

    assert set(document) == {
        "task",
        "data",
        "seed",
        "machine",
        "chance",
        "results",
        "where",
        "as",
        "below_floors",
        "not_run",
    }
    assert document["task"] == "retrieval" and document["data"]["test_images"] == 24
    assert [result["method"] for result in document["results"]] == ["pixels", "visrec"]
    visrec = document["results"][1]
    assert visrec["config"]["batch_size"] == 8 and visrec["dimensions"] == 256
    assert set(visrec["seconds"]) == {"train", "embed", "evaluate"}
    assert visrec["megabytes"] > 1 and visrec["images_per_second"] > 0
    assert set(visrec["metrics"]) == {
        *("precision@5/kind", "precision@5-macro/kind", "map/kind", "knn/kind", "linear/kind")
    }
    assert visrec["metrics"]["precision@5/kind"] == 1 and visrec["intervals"]["precision@5/kind"] == [1, 1]
    assert document["chance"]["metrics"]["precision@5/kind"] == 0.5
    assert "precision@5/kind" in capsys.readouterr().out


def test_a_network_without_its_weights_is_named_and_the_others_are_compared(photos, tmp_path, capsys):
    document = compared(
        tmp_path / "out.json",
        *("retrieval", "--train", photos, "--test", photos, "--methods", "pixels,squeezenet1_1"),
        *("--set", "squeezenet1_1.weights=nowhere.pth", "--set", "pixels.dimensions=8"),
    )

    assert [(result["method"], result["dimensions"]) for result in document["results"]] == [("pixels", 8)]
    assert "nowhere.pth" in document["not_run"]["squeezenet1_1"]
    printed = capsys.readouterr()
    assert "squeezenet1_1: not run: nowhere.pth" in printed.out
    assert "squeezenet1_1: not run: nowhere.pth" in printed.err.partition("pixels: training")[0]  # not an hour later


@pytest.mark.parametrize(
    ("method", "given", "reason"),
    [
        ("squeezenet1_1", {"weights": "damaged.pth"}, "damaged.pth cannot be read: "),
        (
            "resnet18",
            {"weights": "squeezenet.safetensors"},
            "squeezenet.safetensors for resnet18 does not fit: it lacks",
        ),
        ("squeezenet1_1", {}, "squeezenet1_1-b8a52dc0.pth is not in"),
        ("visrec", {"backbone": "squeezenet1_1", "weights": "nowhere.pth"}, "nowhere.pth: there is no such file"),
    ],
)
def test_weights_that_will_not_do_are_told_before_anything_is_trained(
    photos, squeezenet_file, hub, tmp_path, monkeypatch, capsys, method, given, reason
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "damaged.pth").write_bytes(b"junk")
    (tmp_path / "squeezenet.safetensors").write_bytes(squeezenet_file.read_bytes())
    sets = [f"--set={method}.{key}={value}" for key, value in given.items()]

    document = compared(
        tmp_path / "out.json",
        *("retrieval", "--train", photos, "--test", photos, "--methods", f"pixels,{method}", *sets),
    )

    assert [result["method"] for result in document["results"]] == ["pixels"]
    assert reason in document["not_run"][method]
    assert reason in capsys.readouterr().err.partition("pixels: training")[0]


def test_nothing_is_trained_where_all_lack_their_weights(photos, tmp_path, capsys):
    given = ["--train", str(photos), "--test", str(photos), "--methods", "squeezenet1_1,resnet18"]

    assert main(["compare", "retrieval", *given, "--set=weights=none.pth", "--json", str(tmp_path / "out.json")]) == 2

    reason = "none.pth: there is no such file of weights"
    assert capsys.readouterr().err.endswith(f"ml: squeezenet1_1: {reason}; resnet18: {reason}\n")


def test_what_is_finished_needs_its_weights_no_more(photos, squeezenet, hub, tmp_path, capsys):
    file = hub / "squeezenet1_1-b8a52dc0.pth"
    torch.save(squeezenet.state_dict(), file)
    given = ("retrieval", "--train", photos, "--test", photos, "--methods", "squeezenet1_1", "--set", "image_size=64")
    first = compared(tmp_path / "out.json", *given, "--set", "dimensions=8")

    file.unlink()

    assert compared(tmp_path / "out.json", *given, "--set", "dimensions=8") == first


def test_the_infogan_papers_table(photos, tmp_path, capsys):
    given = ("retrieval", "--train", photos, "--test", photos, "--methods", "pixels", "--as", "table-2")

    (result,) = compared(tmp_path / "out.json", *given)["results"]

    assert 0 < result["seconds_per_image"] < 1
    assert {"map/kind", *(f"precision@{k}/kind" for k in (1, 5, 10))} < set(result["metrics"])
    by_class = result["by_class"]["kind"]
    assert set(by_class) == {"disc", "stripes"}
    assert sum(by_class.values()) / 2 == pytest.approx(result["metrics"]["precision@5-macro/kind"])
    table = capsys.readouterr().out
    assert re.search(rf"^disc +{by_class['disc']:.3f}$", table, re.M)
    assert "precision over kind: 2 classes, not UT-Zappos50K's 8 shoe classes" in table
    assert re.search(r"^pixels +1\.\d ", table, re.M) and re.search(r"^vgg16 +not run +528 +0\.22 +0\.75$", table, re.M)
    assert "published, on other data" in table


def test_a_sample_of_the_labelled_pictures_is_drawn_by_the_seed(photos, tmp_path):
    given = ("retrieval", "--train", photos, "--test", photos, "--methods", "histogram,pixels", "--sample", 10)

    first, again, other = (compared(tmp_path / f"{n}.json", *given, "--seed", seed) for n, seed in enumerate([0, 0, 1]))

    assert {each["data"]["test_images"] for each in (first, again, other)} == {10}
    assert first["data"]["labelled"] == {"kind": 10} and first["data"]["test_failed"] == 0
    precisions = [[result["metrics"] for result in each["results"]] for each in (first, again, other)]
    assert precisions[0] == precisions[1] != precisions[2]


def test_bare_features_of_any_length_are_measured_by_euclidean_distance(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(torchvision.models.shufflenet_v2_x2_0(weights=None).state_dict(), "network.pth")
    settings = ("--set=dimensions=0", "--set=distance=euclidean", "--set=image_size=32", "--set=weights=network.pth")
    given = ("retrieval", "--train", photos, "--test", photos, "--methods", "shufflenet_v2_x2_0", *settings)

    (result,) = compared(tmp_path / "out.json", *given)["results"]

    assert (result["dimensions"], result["config"]["distance"]) == (2048, "euclidean")


def test_the_age_posters_table(photos, tmp_path, capsys):
    given = ("retrieval", "--train", photos, "--test", photos, "--methods", "pixels", "--as", "probes")

    (result,) = compared(tmp_path / "out.json", *given)["results"]

    assert result["probes"]["kind"]["knn"]["train"] == 1
    assert set(result["probes"]["kind"]) == {"svm", "knn", "majority"}
    table = capsys.readouterr().out
    assert re.search(r"^pixels +kNN, K=3 +1\.000", table, re.M) and re.search(r"0\.465 +0\.128$", table, re.M)
    assert "published, on other data" in table


def test_a_trained_method_that_is_no_better_than_a_floor_is_named(photos, tmp_path, capsys):
    given = ("retrieval", "--train", photos, "--test", photos, "--methods", "hog,visrec", "--epochs", 1)

    document = compared(tmp_path / "out.json", *given, "--set", "batch_size=8")

    (sentence,) = document["below_floors"]  # both find everything
    assert sentence == "visrec: precision@5/kind 1.000 is equal to the baseline hog"
    assert sentence in capsys.readouterr().out


def test_a_second_run_goes_on_where_the_first_was_stopped(photos, tmp_path, capsys):
    given = ("retrieval", "--train", photos, "--test", photos, "--models", tmp_path / "models", "--methods")
    first = compared(tmp_path / "out.json", *given, "pixels,hog")

    (tmp_path / "out.json.parts" / "hog.json").unlink()  # as if it had been stopped while it measured hog
    capsys.readouterr()
    again = compared(tmp_path / "out.json", *given, "pixels,hog,histogram")

    said = capsys.readouterr().err
    assert again["results"][0] == first["results"][0]  # to the last digit of the seconds
    assert again["results"][1]["metrics"] == first["results"][1]["metrics"]
    assert "pixels: measured before" in said and "hog: trained before" in said and "histogram: training" in said
    assert "hog: training" not in said and "pixels: embedding" not in said


def test_another_seed_setting_or_data_is_another_run(photos, tmp_path, capsys):
    given = ("retrieval", "--train", photos, "--test", photos, "--models", tmp_path / "models", "--methods", "hog")
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(photos) as archive, zipfile.ZipFile(other, "w") as fewer:
        for name in archive.namelist()[1:]:
            fewer.writestr(name, archive.read(name))
    compared(tmp_path / "out.json", *given)

    for changed in (["--seed", 1], ["--set", "whitening=0"], ["--epochs", 1], ["--train", other]):
        capsys.readouterr()
        compared(tmp_path / "out.json", *given, *changed)
        assert "hog: training" in capsys.readouterr().err


def test_other_weights_in_the_same_file_are_another_run(photos, squeezenet, squeezenet_file, tmp_path, capsys):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(squeezenet_file.read_bytes())
    given = ("retrieval", "--train", photos, "--test", photos, "--methods", "squeezenet1_1")
    settings = ("--set", f"weights={file}", "--set", "image_size=64", "--set", "dimensions=8")
    compared(tmp_path / "out.json", *given, *settings)

    features = squeezenet.features.state_dict()
    save_file({f"features.{key}": tensor / 2 for key, tensor in features.items()}, file)
    capsys.readouterr()
    compared(tmp_path / "out.json", *given, *settings)

    assert "measured before" not in capsys.readouterr().err


def test_a_stopped_comparison_says_how_to_go_on(photos, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out.json"
    given = ["retrieval", "--train", str(photos), "--test", str(photos), "--methods", "pixels,vae", "--json", str(out)]
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored
    progress = sys.stderr.write

    def interrupt(text: str) -> int:
        if "vae epoch" in text:
            signal.raise_signal(signal.SIGINT)
        return progress(text)

    monkeypatch.setattr(sys.stderr, "write", interrupt)
    try:
        status = main(["compare", *given])
    finally:
        signal.signal(signal.SIGINT, handler)

    said = capsys.readouterr().err
    assert status == 130
    assert "the same command continues from there" in said and "Traceback" not in said
    assert (tmp_path / "out.json.parts" / "pixels.json").exists()


def test_sheets_are_drawn_again_without_training(photos, tmp_path, capsys):
    given = ("retrieval", "--train", photos, "--test", photos, "--methods", "hog", "--models", tmp_path / "models")
    first = compared(tmp_path / "out.json", *given, "--pictures", tmp_path / "sheets")
    sheet = tmp_path / "sheets" / "hog.png"
    drawn = sheet.read_bytes()

    sheet.unlink()
    capsys.readouterr()
    again = compared(tmp_path / "out.json", *given, "--pictures", tmp_path / "sheets")

    assert sheet.read_bytes() == drawn and again == first
    assert "hog: training" not in capsys.readouterr().err
    compared(tmp_path / "out.json", *given, "--pictures", tmp_path / "sheets")
    assert "drawing" not in capsys.readouterr().err


def test_a_figure_that_so_few_pictures_cannot_have_is_left_out(photos, tmp_path, capsys):
    for n in range(5):
        write_toy_image(tmp_path / "few" / ["disc", "stripes"][n % 2] / f"{n}.jpg", n % 2, n)

    document = compared(
        tmp_path / "out.json",
        *("retrieval", "--train", photos, "--test", tmp_path / "few", "--methods", "pixels"),
        *("--pictures", tmp_path / "sheets"),
    )

    assert document["data"]["labelled"] == {"class": 5}  # four others each
    assert {"map/class", "knn/class"} <= set(document["results"][0]["metrics"])
    assert not any(name.startswith("precision@5") for name in document["results"][0]["metrics"])
    assert "none where fewer than k have any" in capsys.readouterr().out
    assert (tmp_path / "sheets" / "pixels.png").exists()


def test_it_is_measured_by_the_labels_asked_for_and_again_on_parts(tmp_path, capsys):
    for n in range(24):
        write_toy_image(tmp_path / "images" / f"{n}.jpg", n % 2, n)
    rows = [[n, ["disc", "stripes"][n % 2], "old" if n < 12 else "new"] for n in range(24)]
    write_table(tmp_path / "styles.csv", ["id", "kind", "age"], rows)

    document = compared(
        tmp_path / "out.json",
        *("retrieval", "--train", tmp_path, "--test", tmp_path, "--methods", "pixels"),
        *("--label", "kind", "--label", "kind+age", "--where", "age=old", "--where", "kind=disc"),
    )

    assert document["data"]["classes"] == {"kind": 2, "kind+age": 4}
    assert document["chance"]["metrics"] == {"precision@5/kind": 0.5, "precision@5/kind+age": 0.25}
    assert document["where"]["age=old"]["data"] == {
        "labelled": {"kind": 12, "kind+age": 12},
        "classes": {"kind": 2, "kind+age": 2},
    }
    old, discs = (document["results"][0]["where"][part]["metrics"] for part in ("age=old", "kind=disc"))
    assert old["precision@5/kind+age"] == old["precision@5/kind"] > 0.5  # one age is left
    assert {name for name in discs if name.startswith("precision@5/")} == {"precision@5/kind+age"}  # all are discs
    assert "where age=old" in capsys.readouterr().out
