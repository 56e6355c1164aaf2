"""vae: a five-layer convolutional variational autoencoder for images of shoes."""

import copy
import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ml.configs.similar import VaeConfig
from ml.contract import Batches, Parts, SimilarModel, typical_distance
from ml.data.batching import ImageBatches, OrderedBatches
from ml.data.decoding import Stretched
from ml.data.images import ImageArray
from ml.group import gather
from ml.nn.inference import compute_features
from ml.nn.pca import sample_indices

PUBLISHED_EPOCHS, PUBLISHED_IMAGES = 999, 5000
LEAST_INFORMATION = 5.0  # nats; with less all images have much the same code


class Vae(SimilarModel[VaeConfig]):
    """Vectors are the means of a variational autoencoder's posteriors (Kingma & Welling 2013, arXiv:1312.6114).

    As published (the notebooks of leehoon7/CS470_project): 136 pixels, five convolutions, 100 latent numbers, 485,523
    weights, no normalisation; the binary cross-entropy summed over pixels plus `kl` times the divergence from N(0, I);
    Adam. There 999 epochs of 5,000 shoes end at 9,513.9 + 186.8 nats an image; with a weight of 1000 (the text says
    100) at 13,607.4 and a divergence of 1.58: the posterior has collapsed, and `warnings` reports it. Most of the
    cross-entropy is no failure: for targets between 0 and 1 it cannot fall below the pixels' own entropy. No figure for
    retrieval was published.

    Codes without information have two causes, which `warnings` distinguishes. If the decoder's images cost no fewer
    nats than the best single colour, then it has not learned what needs no code at all: the training was too short to
    judge. If they do cost fewer and the codes still carry no information, the decoder has learned to ignore them: that
    is the collapse. (On 400 photos with kl=1 codes carry 4 nats after 20 steps and 18 after 32, the first at which the
    decoder beats the colour; with kl=1000 less than .01 from the 24th on, and its decoder beats the colour between the
    80th and the 100th.)

    reading=published has their schedule: of more than 5,000 images the 5,000 that they drew, in one order, for 999
    epochs, PyTorch's first weights, stretched images, and the weights after the epoch of the least loss.

    Corrected: the vector is the posterior's mean where the notebook stores a sample, so that two exports agree.
    Convolutions start with He's weights: with PyTorch's an image changes its code by a thousandth at first, and on
    photos with a white background the first layer died within 130 steps: the same mean for every image. Images come in
    a new order each epoch, and the model is that of the last epoch. In both readings numbers are float32, and the loss
    is divided by the batch: nats an image, and Adam's steps are the same.
    """

    method = "vae"
    is_shareable = True
    metric = "euclidean"
    image_size: tuple[int, int] = (136, 136)
    dimensions = 100
    least_loss: Tensor
    epoch_loss: Tensor
    typical: Tensor
    divergence: Tensor
    information: Tensor
    gain: Tensor

    def __init__(self, config: VaeConfig) -> None:
        super().__init__(config)
        self.encoder = nn.Sequential(  # 3x136x136
            nn.Conv2d(3, 6, 4, stride=2),  # 6x67x67
            nn.ReLU(),
            nn.Conv2d(6, 12, 3, stride=2),  # 12x33x33
            nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2),  # 24x16x16
            nn.ReLU(),
            nn.Conv2d(24, 30, 4),  # 30x13x13
            nn.ReLU(),
            nn.Conv2d(30, 40, 3, stride=2),  # 40x6x6
            nn.ReLU(),
            nn.Flatten(),  # 1440
        )
        self.mean = nn.Linear(1440, self.dimensions)
        self.log_variance = nn.Linear(1440, self.dimensions)
        self.decoder = nn.Sequential(
            nn.Linear(self.dimensions, 1440),
            nn.Unflatten(1, (40, 6, 6)),
            nn.ConvTranspose2d(40, 30, 3, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(30, 24, 4),
            nn.ReLU(),
            nn.ConvTranspose2d(24, 12, 3, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(12, 6, 3, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(6, 3, 4, stride=2),  # 3x136x136, before the sigmoid
        )
        self.is_published = config.reading == "published"
        if self.is_published:
            self.image_size = Stretched(self.image_size)
            self.best = copy.deepcopy(self._networks()).requires_grad_(False)  # after the epoch of the least loss
            self.register_buffer("least_loss", torch.tensor(math.inf))
            self.register_buffer("epoch_loss", torch.zeros(()))  # summed over the images
        self.register_buffer("typical", torch.ones(()))  # the distance of two random images
        # Three results of the training, in nats an image.
        self.register_buffer("divergence", torch.zeros(()))  # of the posteriors from N(0, I)
        self.register_buffer("information", torch.zeros(()))  # in a code, about its image
        self.register_buffer("gain", torch.zeros(()))  # of the decoder's images over the best single colour

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        # An image takes 3 ms forward and back on one core: 43 epochs of 1,200 in 3 minutes, 9 of 29,690 in 14.
        self.epochs = PUBLISHED_EPOCHS if self.is_published else max(1, round(1500 / len(data) ** 0.5))
        if self.is_published:
            return
        for layer in (*self.encoder, *self.decoder):
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"network": torch.optim.Adam(self._networks().parameters(), lr=self.config.learning_rate)}

    def batches(self, data: ImageArray, generator: torch.Generator) -> Batches:
        if not self.is_published:
            return ImageBatches(data, self.config.batch_size, generator)
        self._keep_best()
        return OrderedBatches(data, draw_published(len(data)), self.config.batch_size)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor, Parts]]:
        (images,) = batch
        mean, log_variance = self.posterior(images)
        code = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        # On what comes before the sigmoid: the same loss, and finite where the sigmoid would round to 0 or 1.
        bce = F.binary_cross_entropy_with_logits(self.decoder(code), images, reduction="sum")
        kl = kl_divergence(mean, log_variance).sum()
        # One row a process.
        sums = gather(torch.stack([bce, kl, bce.new_full((), len(images))])[None]).sum(dim=0)
        bce, kl, count = sums[0] / sums[2], sums[1] / sums[2], sums[2]
        loss = bce + self.config.kl * kl
        if self.is_published:
            self.epoch_loss += loss.detach() * count
        yield "network", loss, {"bce": bce, "kl": kl}

    def _networks(self) -> nn.ModuleList:
        return nn.ModuleList([self.encoder, self.mean, self.log_variance, self.decoder])

    def _keep_best(self) -> None:
        """Store the weights if the epoch that has ended, where one has, had the least loss so far."""
        if 0 < self.epoch_loss < self.least_loss:
            self.least_loss.copy_(self.epoch_loss)
            self.best.load_state_dict(self._networks().state_dict())
        self.epoch_loss.zero_()

    def on_fit_end(self, data: ImageArray, generator: torch.Generator) -> None:
        if self.is_published:
            self._keep_best()
            self._networks().load_state_dict(self.best.state_dict())
        statistics = compute_features(self._statistics, data, sample_indices(data, generator, 1024), self.device)
        mean, log_variance, bce, colours = statistics.split([self.dimensions, self.dimensions, 1, 3], dim=1)
        self.typical.copy_(typical_distance(mean))
        self.divergence.copy_(kl_divergence(mean, log_variance).mean())
        self.information.copy_(information(mean, log_variance))
        self.gain.copy_(one_colour_cost(colours) * math.prod(self.image_size) - bce.mean())

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the mean and the log variance of each image's code, both (B, 100)."""
        features = self.encoder(images)
        return self.mean(features), self.log_variance(features)

    def _statistics(self, images: Tensor) -> Tensor:
        """Compute (B, 204): the code's mean and log variance, the cross-entropy of its image, the mean colour."""
        mean, log_variance = self.posterior(images)
        bce = F.binary_cross_entropy_with_logits(self.decoder(mean), images, reduction="none").sum(dim=(1, 2, 3))
        return torch.cat([mean, log_variance, bce[:, None], images.mean(dim=(2, 3))], dim=1)

    def embed(self, images: Tensor) -> Tensor:
        return self.posterior(images)[0] / self.typical

    def reconstruct(self, images: Tensor) -> Tensor:
        return self.decoder(self.posterior(images)[0]).sigmoid()

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        codes = torch.randn(count, self.dimensions, generator=generator)
        return self.decoder(codes.to(self.device)).sigmoid()

    @property
    def is_uninformative(self) -> bool:
        """Return whether codes carry next to no information about their images."""
        return self.information.item() < LEAST_INFORMATION

    @property
    def is_untrained(self) -> bool:
        """Return whether the decoder's images cost no fewer nats than a single colour."""
        return self.gain.item() <= 0

    def summary(self) -> dict[str, float]:
        return {
            "kl": self.divergence.item(),
            "information": self.information.item(),
            "posterior_collapsed": float(self.is_uninformative and not self.is_untrained),
        }

    def warnings(self) -> list[str]:
        if not self.is_uninformative:
            return []
        reason = f"a code carries {self.information.item():.2f} nats about its image, less than {LEAST_INFORMATION:g}"
        if self.is_untrained:
            return [f"trained too short: {reason}, and decoded images are no better than one colour; train longer"]
        return [f"the posterior has collapsed: {reason}; train longer, or lower kl (now {self.config.kl:g})"]


def draw_published(count: int) -> Tensor:
    """Draw the 5,000 of the first 50,000 images that the notebook drew, in its order; all of 5,000 images or fewer."""
    if count <= PUBLISHED_IMAGES:
        return torch.arange(count)
    drawn = np.random.RandomState(0).choice(min(count, 50_000), PUBLISHED_IMAGES, replace=False)
    return torch.from_numpy(drawn)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Compute the divergence of N(mean, exp(log_variance)) from N(0, I): (B,) nats; both arguments (B, D).

    Kingma & Welling 2013, appendix B.
    """
    return -(1 + log_variance - mean.square() - log_variance.exp()).sum(dim=1) / 2


def information(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Estimate how many nats a code carries about its image, a scalar; both arguments (N, D).

    The mean divergence from a Gaussian with the moments of all codes together, where `kl_divergence` has N(0, I). It is
    never more than that, and less where the codes of all images have moved away from 0 together.
    """
    variance = log_variance.exp().mean(dim=0) + mean.var(dim=0, correction=0)
    return (variance.log() - log_variance.mean(dim=0)).sum() / 2


def one_colour_cost(colours: Tensor) -> Tensor:
    """Compute the least cross-entropy, nats a pixel, of one colour for all images of these mean colours (N, 3)."""
    best = colours.mean(dim=0).clamp(0, 1)
    return F.binary_cross_entropy(best, best, reduction="sum")
