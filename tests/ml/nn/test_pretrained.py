import hashlib
import re
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from ml.errors import BadWeights
from ml.nn import pretrained

HERE = torchvision.models.SqueezeNet1_1_Weights.DEFAULT


def test_both_kinds_of_file_hold_the_same(squeezenet, squeezenet_file, tmp_path):
    torch.save(squeezenet.features.state_dict(prefix="features."), tmp_path / "w.pth")

    pickled, safe = pretrained.read_weights(tmp_path / "w.pth"), pretrained.read_weights(squeezenet_file)

    assert pickled.keys() == safe.keys() and len(safe) == 50
    assert all(torch.equal(pickled[key], safe[key]) for key in safe)


@pytest.mark.parametrize("nested", ["state_dict", "model"])
def test_of_a_checkpoint_the_network_is_read_without_the_prefixes_of_wrappers(tmp_path, nested):
    tensors = {"module.model.weight": torch.ones(2), "module.model.bias": torch.zeros(1)}
    torch.save({"epoch": 3, nested: tensors, "optimizer": {"lr": 0.1}}, tmp_path / "w.bin")

    read = pretrained.read_weights(tmp_path / "w.bin")

    assert list(read) == ["weight", "bias"]
    assert torch.equal(read["weight"], torch.ones(2))


def test_of_averaged_weights_and_others_the_averages_are_read(tmp_path):
    torch.save({"state_dict": {"w": torch.zeros(1)}, "state_dict_ema": {"w": torch.ones(1)}}, tmp_path / "w.pt")

    assert pretrained.read_weights(tmp_path / "w.pt")["w"] == 1


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadWeights, match=re.escape(f"{tmp_path}/none.pth: there is no such file")):
        pretrained.read_weights(tmp_path / "none.pth")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("w.safetensors", b"\x00" * 40, "cannot be read"),
        ("w.pth", b"PK\x03\x04 cut short", "cannot be read"),
        ("w.pth", b"", "cannot be read: it is damaged"),
        ("w.pth", b"junk\n", "cannot be read: it is damaged"),
        ("w.pth", b"junk", "cannot be read: unpack requires a buffer"),
        ("w.pth", b"hello world", "cannot be read: it is damaged"),
        ("w.h5", b"\x89HDF", "weights are read from .safetensors, .pth, .pt and .bin files"),
    ],
)
def test_a_damaged_or_foreign_file_is_named_with_the_reason(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(BadWeights, match=f"{name}.*{reason}"):
        pretrained.read_weights(tmp_path / name)


class Trap:
    """What runs when a careless reader unpickles it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple:
        return Path.touch, (self.file,)


def test_nothing_in_a_file_is_run(tmp_path):
    torch.save({"features.0.weight": Trap(tmp_path / "sprung")}, tmp_path / "w.pth")

    with pytest.raises(BadWeights, match=r"w\.pth cannot be read"):
        pretrained.read_weights(tmp_path / "w.pth")

    assert not (tmp_path / "sprung").exists()


def test_a_checkpoint_without_a_networks_tensors_is_no_file_of_weights(tmp_path):
    torch.save({"optimizer": {"lr": 0.1}, "epoch": 3}, tmp_path / "w.pth")

    with pytest.raises(BadWeights, match=r"w\.pth does not hold named tensors"):
        pretrained.read_weights(tmp_path / "w.pth")


def test_another_networks_weights_are_refused_with_the_keys(squeezenet):
    other = torchvision.models.squeezenet1_0(weights=None).features.state_dict(prefix="features.")

    with pytest.raises(BadWeights) as refused:
        pretrained.load_weights(
            squeezenet.features, {k.removeprefix("features."): t for k, t in other.items()}, [], "w.pth"
        )

    said = str(refused.value)
    assert said.startswith("w.pth does not fit: it lacks: 6.")
    assert "it has in excess: 5." in said
    assert "of another shape: 0.weight (96, 3, 7, 7) instead of (64, 3, 3, 3)" in said
    assert re.search(r"and \d+ more", said)


@pytest.mark.parametrize(
    ("name", "modern", "old"),
    [
        ("densenet121", r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2."),
        ("vit_b_32", r"mlp\.(\d)\.", lambda found: f"mlp.linear_{int(found[1]) // 3 + 1}."),
    ],
)
def test_files_as_they_lie_in_the_hub_since_2017_fit(name, modern, old):
    with torch.device("meta"):
        network = torchvision.models.get_model(name, weights=None)
    tensors = {re.sub(modern, old, key): tensor for key, tensor in network.state_dict().items()}
    assert tensors.keys() != network.state_dict().keys()

    pretrained.load_weights(network, tensors, [], name)

    del tensors[next(iter(tensors))]
    with pytest.raises(BadWeights, match=f"{name} does not fit: it lacks"):
        pretrained.load_weights(network, tensors, [], name)


def test_files_from_before_batches_were_counted_fit():
    network = torchvision.models.resnet18(weights=None)
    tensors = {key: tensor for key, tensor in network.state_dict().items() if not key.endswith("num_batches_tracked")}

    pretrained.load_weights(network, {key: tensor + 1 for key, tensor in tensors.items()}, [], "resnet18")

    assert torch.equal(network.bn1.running_mean, torch.ones(64))


def test_the_hubs_weights_come_from_torchs_cache(squeezenet, hub):
    torch.save(squeezenet.state_dict(), hub / Path(HERE.url).name)

    tensors = pretrained.read_hub_weights("squeezenet1_1")

    assert torch.equal(tensors["features.0.weight"], squeezenet.features[0].weight)


def test_a_download_is_checked_by_its_name_and_kept_without_a_word(hub, tmp_path, capsys):
    content = b"some weights"
    right, wrong = (tmp_path / f"w-{digest}.pth" for digest in (hashlib.sha256(content).hexdigest()[:8], "00000000"))
    for file in (right, wrong):
        file.write_bytes(content)

    assert pretrained.download_once(right.as_uri()).read_bytes() == content
    with pytest.raises(RuntimeError, match="hash"):
        pretrained.download_once(wrong.as_uri())

    right.unlink()
    assert pretrained.download_once(right.as_uri()) == hub / right.name
    assert [file.name for file in hub.iterdir()] == [right.name]
    assert capsys.readouterr() == ("", "")


def test_without_a_hub_one_is_told_how_to_do_without(hub, capsys):
    with pytest.raises(BadWeights) as refused:
        pretrained.read_hub_weights("squeezenet1_1")

    said = str(refused.value)
    assert said.startswith(f"no ImageNet weights for squeezenet1_1: {Path(HERE.url).name} is not in {hub}, and ")
    assert HERE.url in said and said.endswith("give a file with weights=FILE")
    assert capsys.readouterr() == ("", "")


def test_half_precision_is_read_as_single(squeezenet, tmp_path):
    save_file(
        {key: tensor.half() for key, tensor in squeezenet.features.state_dict().items()}, tmp_path / "w.safetensors"
    )
    network = torchvision.models.squeezenet1_1(weights=None).features

    pretrained.load_weights(network, pretrained.read_weights(tmp_path / "w.safetensors"), [], "w")

    assert network[0].weight.dtype == torch.float32
    assert torch.equal(network[0].weight, squeezenet.features[0].weight.half().float())
