"""cae-bpr: a convolutional autoencoder learns the catalogue's images, then one layer on its code learns taste."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ml.configs.personal import CaeBprConfig
from ml.configs.similar import CaeConfig
from ml.contract import Batches
from ml.data.interactions import PersonalData
from ml.models.cae import Cae
from ml.models.frozen import images_of
from ml.models.one_layer import OneLayer


class CaeBpr(OneLayer[CaeBprConfig, Cae]):
    """The first Siamese network of amitdamri/Visually-Aware-Fashion-Recommendation-System, with the encoder of `cae`.

    The autoencoder is trained for `cae_epochs`; then it is frozen and 7,400 numbers (of 50 dimensions) learn taste.

    Published AUCs are .52, .51 and .508, as of a random ranking. reading=published keeps the reasons that lie in the
    network, a softmax, which leaves next to no differences between items, and outputs that are not standardised, and
    in the schedule, 25 epochs of one triple for each user. "corrected" has none of them. In both the autoencoder is
    trained on all images, where the notebook's generator repeats the first 32 for ever.
    """

    method = "cae-bpr"
    use_bf16 = True  # as `cae`
    begun: Tensor

    def __init__(self, config: CaeBprConfig) -> None:
        autoencoder = Cae(CaeConfig(reading=config.reading))
        super().__init__(config, autoencoder, autoencoder.dimensions)
        self.standardised = config.reading == "corrected"
        self.epochs = config.cae_epochs + 25
        self.register_buffer("begun", torch.zeros((), dtype=torch.long))  # how many epochs

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {**self.frozen.optimizers(), **super().optimizers()}

    def batches(self, data: PersonalData, generator: torch.Generator) -> Batches:
        self.begun += 1
        if self.begun <= self.config.cae_epochs:
            return self.frozen.batches(images_of(data), generator)
        return super().batches(data, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        return self.frozen.objectives(batch) if len(batch) == 1 else super().objectives(batch)

    def extract(self, images: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        return self.frozen.code(images)

    def warnings(self) -> list[str]:
        if self.begun > self.config.cae_epochs:
            return []
        return [f"all {self.begun} epochs went into the autoencoder (cae_epochs); no shopper's taste was learned"]
