"""lsgan: a conditional GAN that generates new images of a category and rates how real each looks."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
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

NORM_BATCHES = 16  # of 64, on which the statistics of G's batch norms are computed
EVALUATED, PAIRS = 64, 300  # images of a category on which a training is evaluated, and pairs of them
TRAINED_IMAGES = 54_000  # in a training by default, five minutes on one core
MAX_DECAY = 0.995  # of the moving average of G's weights
KL, FOOLING = 1e-3, 1.2  # weights beside the logarithm of the mean difference from a product


@dataclass(frozen=True)
class Recipe:
    """Networks and the settings that suit them."""

    generator: type[nn.Module]
    discriminator: type[nn.Module]
    width: int  # channels of D's first layer, and of G's last but one
    batch_size: int
    rates: tuple[float, float]  # of D and G
    emphasis: float  # what a category's one-hot is multiplied by, beside z
    stable: bool  # all that the model's docstring lists under "stable"


RECIPES = {
    "stable": Recipe(Generator, Discriminator, 16, 32, (8e-4, 5e-4), emphasis=8.0, stable=True),
    "published": Recipe(PublishedGenerator, PublishedDiscriminator, 64, 16, (1e-4, 1e-4), emphasis=1.0, stable=False),
}


class Lsgan(DesignModel[LsganConfig]):
    """G(z, y) generates an image of category y; D(x, y) is about 1 for real images and 0 for generated ones.

        D:  E (D(x, y) - 1)^2 / 2 + E D(G(z, y), y)^2 / 2
        G:  E (D(G(z, y), y) - 1)^2

    Mao et al. 2017, arXiv:1611.04076, as Kang et al. 2017 (arXiv:1711.02231) used it for garments. The recipe
    "published" is their code (kang205/DVBPR), with the shop's own categories: one step of D, then one of G with the
    same z; Adam of 1e-4 and (.5, .99), batches of 16 drawn with replacement, 30 epochs; z ~ N(0, I), 256 dimensions.

    "stable" is our own, for a few thousand images and minutes of a CPU, where a step of the published networks takes
    two seconds. Without the first of these changes, and the larger weight of the category, it generated grey shapes
    after 100 seconds of a core, with them garments after 90:
    - G is also the decoder of a variational autoencoder, as in Larsen et al. 2016 (arXiv:1512.09300), from the first
      step on, and D joins in later. So every product has a z near which G generates it;
    - G's inputs are distributed like that autoencoder's codes of the category (ml/nn/priors.py);
    - D's images are shifted, and it has spectral norms and a projection of the category (ml/nn/gan.py);
    - smaller networks, categories drawn evenly and multiplied by eight in G's input, learning rates falling to 0 in the
      last three tenths;
    - images are generated with a moving average of G's weights (Yazici et al. 2019, arXiv:1806.04498).
    """

    method = "lsgan"
    steps: Tensor
    judged: Tensor
    farthest: Tensor

    def __init__(self, config: LsganConfig) -> None:
        super().__init__(config)
        self.recipe = RECIPES[config.recipe]
        self.batch_size = config.batch_size or self.recipe.batch_size
        self.width = config.width or self.recipe.width
        self.epochs = 30
        self.done = 1.0  # the share of the training that is done, as of the last call of lr_factor
        self.names: tuple[str, ...] = ()  # of the categories, for warnings; not saved with the model
        self.encoder = Encoder(self.latent, self.width) if self.recipe.stable else None
        self.register_buffer("steps", torch.zeros(()))  # of "stable"
        self.steps_made = 0  # the same on the host, from which no step need read it
        self.allocate(categories=1)

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"categories": self.categories}

    def allocate(self, categories: int) -> None:
        self.categories = categories
        inputs = self.latent + categories
        self.generator = self.recipe.generator(inputs, self.width)
        self.discriminator = self.recipe.discriminator(categories, self.width)
        self.average = self.recipe.generator(inputs, self.width) if self.recipe.stable else None
        self.prior = Prior(categories, self.latent)
        # By category: diversity of real and of generated images, the share of near duplicates among the generated, and
        # the realism of both.
        self.register_buffer("judged", torch.zeros(categories, 5))
        # By category: the largest error of a product's image generated from its own latent.
        self.register_buffer("farthest", torch.ones(categories))
        self.to(memory_format=torch.channels_last)

    def on_fit_start(self, data: LabelledImages, generator: torch.Generator) -> None:
        self.allocate(len(data.names))
        for network in (self.generator, self.discriminator):
            for name, parameter in network.named_parameters():
                if parameter.ndim > 1:
                    nn.init.normal_(parameter, std=0.02)
                elif name.endswith("bias"):
                    nn.init.zeros_(parameter)
        if self.average is not None:
            self.average.load_state_dict(self.generator.state_dict())
            self.epochs = max(1, round(TRAINED_IMAGES / len(data.images)))

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        generators = [*self.generator.parameters(), *(self.encoder.parameters() if self.encoder else ())]
        parts = {"discriminator": [*self.discriminator.parameters()], "generator": generators}
        return {
            name: torch.optim.Adam(parameters, lr=rate, betas=(0.5, 0.99))
            for (name, parameters), rate in zip(parts.items(), self.recipe.rates, strict=True)
        }

    def lr_factor(self, done: float) -> float:
        self.done = done
        return min(1.0, (1 - done) / 0.3) if self.recipe.stable else 1.0

    def batches(self, data: LabelledImages, generator: torch.Generator) -> LabelledImageBatches:
        self.steps_made = int(self.steps.item())
        return LabelledImageBatches(data, self.batch_size, generator, balanced=self.recipe.stable)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor] | tuple[str, Tensor, Parts]]:
        images, category = batch
        x, y = 2 * images - 1, self._one_hot(category)
        yield from (self._stable_steps if self.recipe.stable else self._published_steps)(x, y)

    def _published_steps(self, x: Tensor, y: Tensor) -> Iterator[tuple[str, Tensor] | tuple[str, Tensor, Parts]]:
        fake = self._generate(self.generator, self._draw(y), y)
        yield "discriminator", *self._discriminator_loss(x, fake.detach(), y)
        yield "generator", self._generator_loss(fake, y)

    def _stable_steps(self, x: Tensor, y: Tensor) -> Iterator[tuple[str, Tensor, Parts]]:
        assert self.encoder is not None
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        log_variance = log_variance.clamp(-8, 4)
        kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1).mean()
        z = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        self.prior.update(z.detach(), y, self._decay)
        if self.done < self.config.alone:
            error = _error(self._generate(self.generator, z, y), x)
            yield "generator", error.log() + KL * kl, {"missed": error, "kl": kl}
        else:
            both = self._generate(self.generator, torch.cat([z, self._draw(y)]), y.repeat(2, 1))
            reconstruction, fake = both.chunk(2)
            yield "discriminator", *self._discriminator_loss(x, fake.detach(), y)
            error, fooling = _error(reconstruction, x), self._generator_loss(fake, y)
            parts = {"missed": error, "kl": kl, "fooling": fooling}
            yield "generator", error.log() + KL * kl + FOOLING * fooling, parts
        self._update_average()

    def _discriminator_loss(self, x: Tensor, fake: Tensor, y: Tensor) -> tuple[Tensor, Parts]:
        on_real, on_fake = (self._discriminate(x, y) - 1).square().mean(), self._discriminate(fake, y).square().mean()
        return (on_real + on_fake) / 2, {"real": on_real, "made": on_fake}

    def _generator_loss(self, fake: Tensor, y: Tensor) -> Tensor:
        with freeze(self.discriminator):
            return (self._discriminate(fake, y) - 1).square().mean()

    def _discriminate(self, x: Tensor, y: Tensor) -> Tensor:
        return self.discriminator(shift(x) if self.recipe.stable else x, y)

    @torch.no_grad()
    def _update_average(self) -> None:
        assert self.average is not None
        self.steps += 1
        self.steps_made += 1
        pairs = zip(self.average.state_dict().values(), self.generator.state_dict().values(), strict=True)
        means, latest = zip(*((mean, now) for mean, now in pairs if mean.is_floating_point()), strict=True)
        torch._foreach_lerp_(means, latest, 1 - self._decay)  # of all tensors at once, on a GPU

    @property
    def _decay(self) -> float:
        """Return the factor on a moving average at this step: small at first, so that the first weights fade fast."""
        return min(MAX_DECAY, (self.steps_made + 1) / (self.steps_made + 11))

    def _draw(self, y: Tensor) -> Tensor:
        return self.prior.transform(torch.randn(len(y), self.latent, device=self.device), y)

    def _generate(self, network: nn.Module, z: Tensor, y: Tensor) -> Tensor:
        """Generate images in [-1, 1]."""
        return network(torch.cat([z, self.recipe.emphasis * y], dim=1))

    def _one_hot(self, category: Tensor) -> Tensor:
        # F.one_hot would read the categories, to check them.
        return (category[:, None] == torch.arange(self.categories, device=category.device)).float()

    def generate(self, z: Tensor, category: Tensor) -> Tensor:
        y = self._one_hot(category)
        return (self._generate(self.average or self.generator, self.prior.transform(z, y), y) + 1) / 2

    def encode(self, images: Tensor, category: Tensor) -> Tensor | None:
        if self.encoder is None:
            return None
        return self.prior.invert(self.encoder(2 * images - 1)[:, : self.latent], self._one_hot(category))

    def realism(self, images: Tensor, category: Tensor) -> Tensor:
        return self.discriminator(2 * images - 1, self._one_hot(category))

    @torch.no_grad()
    def on_fit_end(self, data: LabelledImages, generator: torch.Generator) -> None:
        self.names = data.names
        if self.average is not None:
            inputs = ((self._inputs(64, generator),) for _ in range(NORM_BATCHES))
            recompute_batch_norms(self.average, inputs, self.device)
        for category in range(self.categories):
            real, labels = self._sample_of(data, category, generator), torch.full((EVALUATED,), category)
            labels = labels.to(self.device)
            self.judged[category] = torch.tensor(self._evaluate(real, labels, generator))
            latents = self.encode(real, labels)
            if latents is not None:
                errors = (self.generate(latents, labels) - real).abs().mean(dim=(1, 2, 3))
                self.farthest[category] = errors.max()

    def floor(self, category: int) -> float:
        """Return what lies halfway between the mean realism of products and of random images, as of the training."""
        return self.judged[category, 3:].mean().item()

    def limit(self, category: int) -> float:
        """Return the limit of all models, or the worst error over some training images, whichever is less."""
        return min(super().limit(category), self.farthest[category].item())

    def _sample_of(self, data: LabelledImages, category: int, generator: torch.Generator) -> Tensor:
        """Draw (EVALUATED, 3, 64, 64) images of the category."""
        chosen = torch.from_numpy(data.indices_of(category))
        return data.images.batch(chosen[torch.randint(len(chosen), (EVALUATED,), generator=generator)], self.device)

    def _inputs(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw inputs of G, (count, 256 + C)."""
        z = torch.randn(count, self.latent, generator=generator).to(self.device)
        y = self._one_hot(torch.randint(self.categories, (count,), generator=generator).to(self.device))
        return torch.cat([self.prior.transform(z, y), self.recipe.emphasis * y], dim=1)

    def _evaluate(self, real: Tensor, labels: Tensor, generator: torch.Generator) -> list[float]:
        fake = self.generate(torch.randn(EVALUATED, self.latent, generator=generator).to(self.device), labels)
        diversity = [image_similarity.diversity(images, generator, PAIRS) for images in (real, fake)]
        realism = [self.realism(images, labels).mean().item() for images in (real, fake)]
        return [*diversity, image_similarity.share_repeated(fake), *realism]

    def summary(self) -> dict[str, float]:
        names = ("diversity of real", "diversity", "repeated", "realism of real", "realism")
        return dict(zip(names, self.judged.mean(dim=0).tolist(), strict=True))

    def warnings(self) -> list[str]:
        messages = []
        for category, (of_products, of_designs, repeated, _, _) in enumerate(self.judged.tolist()):
            name = self.names[category] if self.names else f"category {category}"
            diversity = f"designs are {of_designs:.2f} diverse (1 - SSIM) where products are {of_products:.2f}"
            if repeated > 0.5:
                messages.append(f"{name}: collapsed: {repeated:.0%} of designs are the same as another; {diversity}")
            elif of_designs < of_products / 2:
                messages.append(f"{name}: little variety: {diversity}")
        return messages


def _error(reconstruction: Tensor, x: Tensor) -> Tensor:
    """Compute the mean difference of images in [-1, 1], a scalar; at least half a shade, so that it has a logarithm.

    Its logarithm is a Laplace likelihood at its best scale (as Rybkin et al. 2021, arXiv:2006.13202, have it for a
    Gaussian): images that are nearly all background weigh as much against KL and D as busy ones.
    """
    return (reconstruction - x).abs().mean().clamp(min=0.5 / 255)
