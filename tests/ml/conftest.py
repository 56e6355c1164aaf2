import pytest
import torch
import torchvision
from safetensors.torch import save_file

from ml.chance import seeded
from tests.ml.worlds import SMALL

# On tiny worlds a second thread gains nothing, and beside other work it waits most of the time.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def squeezenet():
    """torchvision's network with weights that nobody trained, the same in every run."""
    with seeded(0, 0):
        return torchvision.models.squeezenet1_1(weights=None).eval()


@pytest.fixture(scope="session", autouse=True)
def squeezenet_file(squeezenet, tmp_path_factory):
    """Its weights without the classifier's, as a file; the contract suite's `squeezenet1_1` reads it."""
    file = tmp_path_factory.mktemp("weights") / "squeezenet1_1-features.safetensors"
    save_file({f"features.{key}": tensor for key, tensor in squeezenet.features.state_dict().items()}, file)
    SMALL["squeezenet1_1"]["weights"] = str(file)
    return file
