import pytest
import torch
import torchvision
from safetensors.torch import save_file

from ml.runtime import seeded
from tests.ml.worlds import SMALL, write_table, write_toy_image, zipped

# On tiny worlds a second thread gains nothing, and beside other work it waits most of the time.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def squeezenet():
    """torchvision's network with weights that nobody trained, the same in every run."""
    with seeded(0, 0):
        return torchvision.models.squeezenet1_1(weights=None).eval()


@pytest.fixture(scope="session", autouse=True)
def squeezenet_file(squeezenet, tmp_path_factory):
    """Its weights without the classifier's, as a file; the contract suite's methods read it."""
    file = tmp_path_factory.mktemp("weights") / "squeezenet1_1-features.safetensors"
    save_file({f"features.{key}": tensor for key, tensor in squeezenet.features.state_dict().items()}, file)
    for method in ("squeezenet1_1", "inception-bpr"):
        SMALL[method]["weights"] = str(file)
    return file


@pytest.fixture(scope="session")
def encoder_files(tmp_path_factory):
    """Weights of a tiny network of timm and of open_clip, which the contract suite's methods read."""
    from tests.ml import encoders  # both libraries take seconds to import

    folder = tmp_path_factory.mktemp("encoders")
    for method, network in {
        "open_clip:tiny": encoders.build_clip(),
        "timm:test_efficientnet": encoders.build_timm("test_efficientnet"),
    }.items():
        SMALL[method]["weights"] = encoders.save_weights(network, folder / f"{method}.pt")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Torch's cache, empty; behind it a hub that nobody can reach."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    return cache


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for n in range(24):
        write_toy_image(folder / "images" / f"{n}.jpg", n % 2, n)
    write_table(folder / "styles.csv", ["id", "kind"], [[n, ["disc", "stripes"][n % 2]] for n in range(24)])
    return zipped(folder, folder.with_suffix(".zip"))
