"""age: an encoder and a generator trained against each other, without a discriminator."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ml.configs.similar import AgeConfig
from ml.contract import Batches, Parts, SimilarModel, unit
from ml.data.batching import ImageBatches, load, recompute_batch_norms
from ml.data.decoding import Stretched
from ml.data.images import ImageArray
from ml.nn.networks import freeze
from ml.nn.pca import sample_indices

TRAINED_IMAGES = 18_000  # in a training by default
MEASURED_BATCHES = 8  # for the summary
FIGURES = ("kl_real", "kl_made", "kl_real_authors", "kl_made_authors", "reconstruction_error")


@dataclass(frozen=True)
class Recipe:
    """The authors' settings for one image size: CIFAR-10's for 32 pixels, CelebA's for 64."""

    dimensions: int
    generator_updates: int  # for each of the encoder's
    epochs: int
    drop: int  # epochs from one halving of the learning rate to the next


RECIPES = {
    "32": Recipe(dimensions=128, generator_updates=2, epochs=150, drop=40),
    "64": Recipe(dimensions=64, generator_updates=3, epochs=5, drop=5),
}


class Refining(NamedTuple):
    """The settings of a last epoch."""

    batch_size: int
    match_x: float


REFINING = Refining(batch_size=256, match_x=15.0)  # CelebA's, after the five others


class Age(SimilarModel[AgeConfig]):
    """Adversarial generator-encoder: vectors are codes on a sphere. Ulyanov et al. 2017, arXiv:1704.02304.

    The encoder e learns to spread the codes of real images evenly over the sphere, and not those of generated ones; the
    generator g, to generate images whose codes are spread evenly too. With K for the divergence of a batch of codes
    (`sphere_kl`) and z drawn evenly from the sphere they minimise

        e: K(e(x)) - K(e(g(z))) + mu mean|g(e(x)) - x|        g: K(e(g(z))) + lambda (2 - mean(e(g(z)) z))

    e once, then g twice (32 pixels) or three times (64), each time on fresh z. The last mean is over the batch and the
    dimensions, so that lambda = 1000 is 7.8 on 1 - cosine at 128 of them, and 15.6 at 64. Networks, first weights,
    batch, rates and their halvings are those of the authors' code (DmitryUlyanov/AGE) for CIFAR-10 and CelebA.

    reading=published is trained as long as theirs, 150 epochs of CIFAR-10, or 5 of CelebA and one more in batches of
    256 with mu = 15; its images are stretched, though not cropped as CelebA's, and K is computed as in their code.

    Not as there:
    - K is the paper's formula. The code has variances where it needs standard deviations: the setting kl=authors.
    - Batch norms' statistics, a mixture of real and generated images' after training, are computed anew of real ones.
    - Images are fitted into the square, not stretched or cropped, and grey ones have three equal channels.
    - It is trained for minutes. The halvings come at the same fractions of a training of any length.

    Published figures: an Inception score of 5.90 on CIFAR-10 (2.90 by another implementation) and, in a student report
    on SVHN, an accuracy of .195 by linear SVM and .162 by 3 neighbours, where the largest class has .189. No retrieval.
    """

    method = "age"
    begun: Tensor
    refining = False  # whether this epoch is the one with REFINING
    use_bf16 = True  # 1.6 times as fast as float32; after 50 batches the losses differ in the fourth digit

    def __init__(self, config: AgeConfig) -> None:
        super().__init__(config)
        self.recipe = RECIPES[config.image_size]
        side = int(config.image_size)
        self.image_size = (side, side)
        self.is_published = config.reading == "published"
        self.is_refined = self.is_published and config.image_size == "64"
        if self.is_published:
            self.image_size = Stretched(self.image_size)
        if self.is_refined:
            self.register_buffer("begun", torch.zeros((), dtype=torch.long))  # how many epochs
        self.dimensions = self.recipe.dimensions
        # 1.15 times faster than the default layout.
        self.encoder = Encoder(side, self.dimensions, config.width).to(memory_format=torch.channels_last)
        self.generator = Generator(side, self.dimensions, config.width).to(memory_format=torch.channels_last)
        for name in FIGURES:
            self.register_buffer(name, torch.zeros(()))

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        published = self.recipe.epochs + self.is_refined
        self.epochs = published if self.is_published else max(1, round(TRAINED_IMAGES / len(data)))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, 0, 0.02)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1, 0.02)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        rate = self.config.learning_rate
        return {
            "encoder": torch.optim.Adam(self.encoder.parameters(), lr=rate, betas=(0.5, 0.999)),
            "generator": torch.optim.Adam(self.generator.parameters(), lr=rate, betas=(0.5, 0.999)),
        }

    def lr_factor(self, done: float) -> float:
        """Return a factor that is halved when the next epoch's number is a multiple of `drop`, as in their code."""
        return 0.5 ** int((done * self.recipe.epochs + 1) / self.recipe.drop)

    def batches(self, data: ImageArray, generator: torch.Generator) -> Batches:
        if self.is_refined:
            self.begun += 1
            self.refining = bool(self.begun > self.recipe.epochs)
        return ImageBatches(data, REFINING.batch_size if self.refining else self.config.batch_size, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor] | tuple[str, Tensor, Parts]]:
        (x,) = batch
        yield "encoder", *self._encoder_loss(x)
        for _ in range(self.recipe.generator_updates):
            yield "generator", self._generator_loss(len(x))

    def _encoder_loss(self, x: Tensor) -> tuple[Tensor, Parts]:
        with torch.no_grad():
            fake = self.generator(self._draw(len(x)))
        codes = self.encoder(x)
        with freeze(self.generator):
            error = 2 * (self.generator(codes) - x).abs().mean()  # mu is for pixels in [-1, 1]
        # Fake images apart from real ones: within one batch they would share the norms' statistics.
        kl_real, kl_fake = self._kl(codes), self._kl(self.encoder(fake))
        loss = kl_real - kl_fake + (REFINING.match_x if self.refining else self.config.match_x) * error
        return loss, {"kl_real": kl_real, "kl_made": kl_fake, "missed": error}

    def _generator_loss(self, count: int) -> Tensor:
        z = self._draw(count)
        with freeze(self.encoder):
            codes = self.encoder(self.generator(z))
        return self._kl(codes) + self.config.match_z * (2 - (codes * z).mean())

    def _kl(self, codes: Tensor) -> Tensor:
        return sphere_kl(codes, authors=self.config.kl == "authors")

    def _draw(self, count: int) -> Tensor:
        """Draw (count, nz) codes evenly from the sphere."""
        return unit(torch.randn(count, self.dimensions, device=self.device))

    def on_fit_end(self, data: ImageArray, generator: torch.Generator) -> None:
        sample = ImageArray(data.pixels[sample_indices(data, generator).numpy()])
        recompute_batch_norms(self.encoder, ImageBatches(sample, self.config.batch_size, generator), self.device)
        # Few batches: the generator's pass costs seven of the encoder's.
        few = islice(ImageBatches(sample, self.config.batch_size, generator), MEASURED_BATCHES)
        measured = [self._measure(*load(batch, self.device)) for batch in few]
        for name in measured[0]:
            getattr(self, name).copy_(torch.stack([each[name] for each in measured]).mean())

    @torch.no_grad()
    def _measure(self, images: Tensor) -> dict[str, Tensor]:
        codes, codes_fake = self.encoder(images), self.encoder(self.generator(self._draw(len(images))))
        return {
            "kl_real": sphere_kl(codes),
            "kl_made": sphere_kl(codes_fake),
            "kl_real_authors": sphere_kl(codes, authors=True),
            "kl_made_authors": sphere_kl(codes_fake, authors=True),
            "reconstruction_error": (self.generator(codes) - images).abs().mean(),
        }

    def embed(self, images: Tensor) -> Tensor:
        return self.encoder(images)

    def reconstruct(self, images: Tensor) -> Tensor:
        return self.generator(self.encoder(images))

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        z = torch.randn(count, self.dimensions, generator=generator)
        return self.generator(unit(z).to(self.device))

    def summary(self) -> dict[str, float]:
        return {name: getattr(self, name).item() for name in FIGURES}


class Encoder(nn.Sequential):
    """Encoder of (B, 3, side, side) images in [0, 1] as (B, nz) codes of length 1."""

    def __init__(self, side: int, nz: int, width: int) -> None:
        widths = [width, 2 * width, 4 * width] if side == 32 else [width, 2 * width, 4 * width, 8 * width]
        halvings = []
        for narrow, wide in pairwise(widths):
            halvings += [nn.Conv2d(narrow, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2)]
        last = [nn.Conv2d(widths[-1], nz, 4, 2, 1), nn.AvgPool2d(2)] if side == 32 else [nn.Conv2d(widths[-1], nz, 4)]
        super().__init__(nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), *halvings, *last, nn.Flatten())

    def forward(self, images: Tensor) -> Tensor:
        codes: Tensor = super().forward(2 * images - 1)  # type: ignore[no-untyped-call]  # torch does not annotate it
        return unit(codes.float())


class Generator(nn.Sequential):
    """Generator of (B, 3, side, side) images in [0, 1] from (B, nz) codes of length 1."""

    def __init__(self, side: int, nz: int, width: int) -> None:
        widths = [8 * width, 4 * width, 2 * width, 2 * width if side == 32 else width]
        doublings = []
        for wide, narrow in pairwise(widths):
            doublings += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU()]
        last = nn.Conv2d(widths[-1], 3, 1) if side == 32 else nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False)
        super().__init__(
            nn.Unflatten(1, (nz, 1, 1)),
            nn.ConvTranspose2d(nz, widths[0], 4, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
            *doublings,
            last,
            nn.Tanh(),
        )

    def forward(self, codes: Tensor) -> Tensor:
        images: Tensor = super().forward(codes)  # type: ignore[no-untyped-call]  # torch does not annotate it
        return (images.float() + 1) / 2


def sphere_kl(codes: Tensor, authors: bool = False) -> Tensor:
    """Measure how unevenly codes are spread: KL(N(m, s^2) | N(0, 1)) of their m and s, averaged over the dimensions.

    codes: (B, nz) of length 1; B well above a few dozen. Returns a scalar in nats. On a sphere it cannot be 0: for
    codes spread evenly m^2 + s^2 = 1/nz, and it is 1.93 at nz = 128 and 1.59 at 64 (4.35 and 3.66 for the authors).
    authors: compute it as their code does, with the variance in place of s.
    """
    variance, mean = torch.var_mean(codes, dim=0, correction=0)
    variance = variance.clamp(min=1e-12)  # 0 if all images are the same
    deviation = variance if authors else variance.sqrt()
    return ((deviation.square() + mean.square()) / 2 - deviation.log() - 0.5).mean()
