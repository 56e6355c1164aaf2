import numpy as np
import pytest

from ml.benchmark.compare import Options
from ml.benchmark.designs.comparison import DesignOptions, compare_design
from ml.training.loop import TrainConfig
from tests.ml.worlds import write_table, write_toy_image

PICTURES, USERS, TAKEN = 90, 12, 14


@pytest.fixture(scope="package")
def shop(tmp_path_factory):
    """Even users take discs, odd ones stripes; of the squares there are too few to learn from."""
    folder = tmp_path_factory.mktemp("shop")
    for n in range(PICTURES):
        write_toy_image(folder / "images" / f"{n}.jpg", n % 2, n)
    kinds = ["square" if n < 4 else ("disc", "stripes")[n % 2] for n in range(PICTURES)]
    write_table(folder / "items.csv", ["item", "category"], [[n, kinds[n]] for n in range(PICTURES)])
    rng = np.random.default_rng(0)
    rows = []
    for user in range(USERS):
        taken = rng.permutation(np.arange(user % 2, PICTURES, 2))[:TAKEN]
        rows += [[f"u{user}", item, when] for when, item in enumerate(taken)]
    write_table(folder / "interactions.csv", ["user", "item", "timestamp"], rows)
    return folder


OPTIONS = Options(["lsgan"], TrainConfig(epochs=2), {"width": "4", "vbpr.factors": "4"})


ASKED = DesignOptions(scorer="vbpr", judge="visrank", users=2, steps=2)


@pytest.fixture(scope="package")
def document(shop, tmp_path_factory):
    return compare_design(shop, OPTIONS, ASKED)
