"""A conditional LSGAN for garments: new pictures of a category, and how real each looks."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ml.configs.design import LsganConfig
from ml.contract import DesignModel, Parts
from ml.data.batching import recompute_batch_norms
from ml.data.labelled_images import LabelledImageBatches, LabelledImages
from ml.nn import image_similarity
from ml.nn.augment import shift
from ml.nn.gan import Discriminator, Encoder, Generator, PublishedDiscriminator, PublishedGenerator
from ml.nn.networks import freeze
from ml.nn.priors import Prior

SETTLING = 16  # batches of 64 that G's norms are settled on
JUDGED, PAIRS = 64, 300  # pictures of a category by which the training is judged, and pairs of them
SEEN = 54_000  # pictures in a training by default, five minutes of one core
MEMORY = 0.995  # how much of the average of G's weights a step keeps
KL, FOOLING = 1e-3, 1.2  # weights beside the logarithm of the mean difference from a product


@dataclass(frozen=True)
class Recipe:
    generator: type[nn.Module]
    discriminator: type[nn.Module]
    width: int  # channels of D's first layer, and of G's last but one
    batch_size: int
    rates: tuple[float, float]  # of D and G
    emphasis: float  # what a category's one-hot is multiplied by, beside z
    steady: bool  # all that the model's docstring tells of "stable"


RECIPES = {
    "stable": Recipe(Generator, Discriminator, 16, 32, (8e-4, 5e-4), emphasis=8.0, steady=True),
    "published": Recipe(PublishedGenerator, PublishedDiscriminator, 64, 16, (1e-4, 1e-4), emphasis=1.0, steady=False),
}


class Lsgan(DesignModel[LsganConfig]):
    """G(z, y) makes a picture of category y; D(x, y) is about 1 for real ones and 0 for made ones.

        D:  E (D(x, y) - 1)^2 / 2 + E D(G(z, y), y)^2 / 2
        G:  E (D(G(z, y), y) - 1)^2

    Mao et al. 2017, arXiv:1611.04076, as Kang et al. 2017 (arXiv:1711.02231) used it for garments. The recipe
    "published" is their code (kang205/DVBPR), with the shop's own categories: one step of D, then one of G with the
    same z; Adam of 1e-4 and (.5, .99), batches of 16 drawn with replacement, 30 epochs; z ~ N(0, I), 256 dimensions.

    "stable" is our own, for a few thousand pictures and minutes of a CPU, where a step of the published networks takes
    two seconds. Without the first of these, and the louder category, it drew grey shapes after 100 seconds of a core,
    with them garments after 90:
    - G is also the decoder of a variational autoencoder, as in Larsen et al. 2016 (arXiv:1512.09300), from the first
      step on, and D joins in later. So every product has a z near which G makes it;
    - what G is given lies where that autoencoder's codes of the category lie (ml/priors.py);
    - D sees pictures shifted and has spectral norms and a projection of the category (ml/adversaries.py);
    - smaller networks, categories drawn evenly and eight times as loud in G's input, the rates falling to nothing in
      the last three tenths;
    - pictures are made with a moving average of G's weights (Yazici et al. 2019, arXiv:1806.04498).
    """

    method = "lsgan"

    def __init__(self, config: LsganConfig) -> None:
        super().__init__(config)
        self.recipe = RECIPES[config.recipe]
        self.batch_size = config.batch_size or self.recipe.batch_size
        self.width = config.width or self.recipe.width
        self.epochs = 30
        self.done = 1.0  # how much of the training is, as `pace` last heard
        self.names: tuple[str, ...] = ()  # of the categories, for warnings; no part of the model
        self.encoder = Encoder(self.latent, self.width) if self.recipe.steady else None
        self.register_buffer("steps", torch.zeros(()))  # of "stable"
        self.allocate(categories=1)

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"categories": self.categories}

    def allocate(self, categories: int) -> None:
        self.categories = categories
        inputs = self.latent + categories
        self.generator = self.recipe.generator(inputs, self.width)
        self.discriminator = self.recipe.discriminator(categories, self.width)
        self.average = self.recipe.generator(inputs, self.width) if self.recipe.steady else None
        self.prior = Prior(categories, self.latent)
        # By category: diversity of real and of made pictures, the share repeated, realism of real and of made ones.
        self.register_buffer("judged", torch.zeros(categories, 5))
        self.register_buffer("farthest", torch.ones(categories))  # that a product was from what it was rebuilt as
        self.to(memory_format=torch.channels_last)

    def on_fit_start(self, data: LabelledImages, generator: torch.Generator) -> None:
        self.allocate(len(data.names))
        for network in (self.generator, self.discriminator):
            for name, parameter in network.named_parameters():
                if parameter.ndim > 1:
                    nn.init.normal_(parameter, std=0.02)
                elif name.endswith("bias"):
                    nn.init.zeros_(parameter)
        if self.recipe.steady:
            self.average.load_state_dict(self.generator.state_dict())
            self.epochs = max(1, round(SEEN / len(data.images)))

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        makers = [*self.generator.parameters(), *(self.encoder.parameters() if self.encoder else ())]
        parts = {"discriminator": self.discriminator.parameters(), "generator": makers}
        return {
            name: torch.optim.Adam(parameters, lr=rate, betas=(0.5, 0.99))
            for (name, parameters), rate in zip(parts.items(), self.recipe.rates, strict=True)
        }

    def lr_factor(self, done: float) -> float:
        self.done = done
        return min(1.0, (1 - done) / 0.3) if self.recipe.steady else 1.0

    def batches(self, data: LabelledImages, generator: torch.Generator) -> LabelledImageBatches:
        return LabelledImageBatches(data, self.batch_size, generator, balanced=self.recipe.steady)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor] | tuple[str, Tensor, Parts]]:
        images, category = batch
        x, y = 2 * images - 1, self._one_hot(category)
        yield from (self._steady if self.recipe.steady else self._as_published)(x, y)

    def _as_published(self, x: Tensor, y: Tensor) -> Iterator[tuple[str, Tensor] | tuple[str, Tensor, Parts]]:
        made = self._make(self.generator, self._drawn(y), y)
        yield "discriminator", *self._telling(x, made.detach(), y)
        yield "generator", self._fooling(made, y)

    def _steady(self, x: Tensor, y: Tensor) -> Iterator[tuple[str, Tensor, Parts]]:
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        log_variance = log_variance.clamp(-8, 4)
        kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1).mean()
        z = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        self.prior.update(z.detach(), y, self._kept)
        if self.done < self.config.alone:
            missed = _missed(self._make(self.generator, z, y), x)
            yield "generator", missed.log() + KL * kl, {"missed": missed, "kl": kl}
        else:
            both = self._make(self.generator, torch.cat([z, self._drawn(y)]), y.repeat(2, 1))
            rebuilt, made = both.chunk(2)
            yield "discriminator", *self._telling(x, made.detach(), y)
            missed, fooling = _missed(rebuilt, x), self._fooling(made, y)
            parts = {"missed": missed, "kl": kl, "fooling": fooling}
            yield "generator", missed.log() + KL * kl + FOOLING * fooling, parts
        self._remember()

    def _telling(self, x: Tensor, made: Tensor, y: Tensor) -> tuple[Tensor, Parts]:
        real, unreal = (self._seen(x, y) - 1).square().mean(), self._seen(made, y).square().mean()
        return (real + unreal) / 2, {"real": real, "made": unreal}

    def _fooling(self, made: Tensor, y: Tensor) -> Tensor:
        with freeze(self.discriminator):
            return (self._seen(made, y) - 1).square().mean()

    def _seen(self, x: Tensor, y: Tensor) -> Tensor:
        return self.discriminator(shift(x) if self.recipe.steady else x, y)

    @torch.no_grad()
    def _remember(self) -> None:
        self.steps += 1
        for mean, now in zip(self.average.state_dict().values(), self.generator.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - self._kept)

    @property
    def _kept(self) -> float:
        """How much of an average a step keeps: little of the first ones."""
        return min(MEMORY, (self.steps.item() + 1) / (self.steps.item() + 11))

    def _drawn(self, y: Tensor) -> Tensor:
        return self.prior.transform(torch.randn(len(y), self.latent, device=self.device), y)

    def _make(self, network: nn.Module, z: Tensor, y: Tensor) -> Tensor:
        """In [-1, 1]."""
        return network(torch.cat([z, self.recipe.emphasis * y], dim=1))

    def _one_hot(self, category: Tensor) -> Tensor:
        return F.one_hot(category, self.categories).float()

    def generate(self, z: Tensor, category: Tensor) -> Tensor:
        y = self._one_hot(category)
        return (self._make(self.average or self.generator, self.prior.transform(z, y), y) + 1) / 2

    def encode(self, images: Tensor, category: Tensor) -> Tensor | None:
        if self.encoder is None:
            return None
        return self.prior.invert(self.encoder(2 * images - 1)[:, : self.latent], self._one_hot(category))

    def realism(self, images: Tensor, category: Tensor) -> Tensor:
        return self.discriminator(2 * images - 1, self._one_hot(category))

    @torch.no_grad()
    def on_fit_end(self, data: LabelledImages, generator: torch.Generator) -> None:
        self.names = data.names
        if self.recipe.steady:
            inputs = ((self._inputs(64, generator),) for _ in range(SETTLING))
            recompute_batch_norms(self.average, inputs, self.device)
        for category in range(self.categories):
            real, which = self._some(data, category, generator), torch.full((JUDGED,), category, device=self.device)
            self.judged[category] = torch.tensor(self._judged(real, which, generator))
            if self.recipe.steady:
                rebuilt = self.generate(self.encode(real, which), which)
                self.farthest[category] = (rebuilt - real).abs().mean(dim=(1, 2, 3)).max()

    def limit(self, category: int) -> float:
        """No more than the worst of some products that it was trained on."""
        return min(super().limit(category), self.farthest[category].item())

    def _some(self, data: LabelledImages, category: int, generator: torch.Generator) -> Tensor:
        """(JUDGED, 3, 64, 64) of the category's pictures."""
        chosen = torch.from_numpy(data.indices_of(category))
        return data.images.batch(chosen[torch.randint(len(chosen), (JUDGED,), generator=generator)]).to(self.device)

    def _inputs(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, 256 + C), of G."""
        z = torch.randn(count, self.latent, generator=generator).to(self.device)
        y = self._one_hot(torch.randint(self.categories, (count,), generator=generator).to(self.device))
        return torch.cat([self.prior.transform(z, y), self.recipe.emphasis * y], dim=1)

    def _judged(self, real: Tensor, which: Tensor, generator: torch.Generator) -> list[float]:
        made = self.generate(torch.randn(JUDGED, self.latent, generator=generator).to(self.device), which)
        varied = [image_similarity.diversity(images, generator, PAIRS) for images in (real, made)]
        looks = [self.realism(images, which).mean().item() for images in (real, made)]
        return [*varied, image_similarity.repeated(made), *looks]

    def summary(self) -> dict[str, float]:
        names = ("diversity of real", "diversity", "repeated", "realism of real", "realism")
        return dict(zip(names, self.judged.mean(dim=0).tolist(), strict=True))

    def warnings(self) -> list[str]:
        said = []
        for category, (real, made, repeated, _, _) in enumerate(self.judged.tolist()):
            name = self.names[category] if self.names else f"category {category}"
            varied = f"designs are {made:.2f} diverse (1 - SSIM) where products are {real:.2f}"
            if repeated > 0.5:
                said.append(f"{name}: collapsed: {repeated:.0%} of designs are the same as another; {varied}")
            elif made < real / 2:
                said.append(f"{name}: little variety: {varied}")
        return said


def _missed(rebuilt: Tensor, x: Tensor) -> Tensor:
    """The mean difference of pictures in [-1, 1], a scalar; no less than half a shade, so that it has a logarithm.

    Its logarithm is a Laplace likelihood at its best scale (as Rybkin et al. 2021, arXiv:2006.13202, have it for a
    Gaussian): pictures that are nearly all background weigh as much against KL and D as busy ones.
    """
    return (rebuilt - x).abs().mean().clamp(min=0.5 / 255)
