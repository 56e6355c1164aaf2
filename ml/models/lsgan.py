"""A conditional LSGAN for garments: new pictures of a category, and how real each looks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ml import ssim
from ml.adversaries import Discriminator, Generator, PublishedDiscriminator, PublishedGenerator
from ml.augment import glimpsed
from ml.batching import settle_batch_norms
from ml.configs import Between, Config
from ml.garments import GarmentBatches, Garments
from ml.models.base import DesignModel, Parts
from ml.networks import frozen

SETTLING = 32  # batches of 64 that G's norms are settled on
JUDGED = 64  # pictures of a category by which the training is judged
SEEN = 60_000  # pictures in a training by default
MEMORY = 0.995  # how much of the average of G's weights a step keeps


@dataclass(frozen=True)
class Recipe:
    generator: type[nn.Module]
    discriminator: type[nn.Module]
    width: int  # channels of D's first layer, and of G's last but one
    batch_size: int
    rates: tuple[float, float]  # of D and G
    betas: tuple[float, float]
    steady: bool  # whether D glimpses, categories are drawn evenly and G's weights are averaged


RECIPES = {
    "stable": Recipe(Generator, Discriminator, 24, 32, (4e-4, 4e-4), (0.5, 0.99), steady=True),
    "published": Recipe(PublishedGenerator, PublishedDiscriminator, 64, 16, (1e-4, 1e-4), (0.5, 0.99), steady=False),
}


@dataclass(frozen=True)
class LsganConfig(Config):
    recipe: Literal["stable", "published"] = "stable"
    width: Annotated[int, Between(0, 256)] = 0  # channels of D's first layer; 0: as the recipe has it
    batch_size: Annotated[int, Between(0, 4096)] = 0  # 0: as the recipe has it


class Lsgan(DesignModel):
    """G(z, y) makes a picture of category y; D(x, y) is about 1 for real ones and 0 for made ones.

        D:  E (D(x, y) - 1)^2 / 2 + E D(G(z, y), y)^2 / 2
        G:  E (D(G(z, y), y) - 1)^2

    Mao et al. 2017, arXiv:1611.04076, as Kang et al. 2017 (arXiv:1711.02231) used it for garments. The recipe
    "published" is their code (kang205/DVBPR), with the shop's own categories: one step of D, then one of G with the
    same z; Adam of 1e-4 and (.5, .99), batches of 16 drawn with replacement, 30 epochs; z ~ N(0, I), 256 dimensions.
    """

    method = "lsgan"
    Config = LsganConfig

    def __init__(self, config: LsganConfig) -> None:
        super().__init__(config)
        self.recipe = RECIPES[config.recipe]
        self.batch_size = config.batch_size or self.recipe.batch_size
        self.epochs = 30
        self.names: tuple[str, ...] = ()  # of the categories, for warnings; no part of the model
        self.resize(categories=1)

    @property
    def sizes(self) -> dict[str, int]:
        return {"categories": self.categories}

    def resize(self, categories: int) -> None:
        self.categories = categories
        width = self.config.width or self.recipe.width
        self.generator = self.recipe.generator(self.latent + categories, width)
        self.discriminator = self.recipe.discriminator(categories, width)
        self.average = self.recipe.generator(self.latent + categories, width) if self.recipe.steady else None
        self.register_buffer("steps", torch.zeros(()))
        # By category: diversity of real and of made pictures, the share repeated, realism of real and of made ones.
        self.register_buffer("judged", torch.zeros(categories, 5))
        self.to(memory_format=torch.channels_last)

    def start(self, data: Garments, generator: torch.Generator) -> None:
        self.resize(len(data.names))
        for network in (self.generator, self.discriminator):
            for name, parameter in network.named_parameters():
                if parameter.ndim > 1:
                    nn.init.normal_(parameter, std=0.02)
                elif name.endswith("bias"):
                    nn.init.zeros_(parameter)
        if self.recipe.steady:
            self.average.load_state_dict(self.generator.state_dict())
            self.epochs = max(1, round(SEEN / len(data.images)))

    def players(self) -> dict[str, torch.optim.Optimizer]:
        parts = {"discriminator": self.discriminator, "generator": self.generator}
        return {
            name: torch.optim.Adam(part.parameters(), lr=rate, betas=self.recipe.betas)
            for (name, part), rate in zip(parts.items(), self.recipe.rates, strict=True)
        }

    def batches(self, data: Garments, generator: torch.Generator) -> GarmentBatches:
        return GarmentBatches(data, self.batch_size, generator, balanced=self.recipe.steady)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor] | tuple[str, Tensor, Parts]]:
        images, category = batch
        y = self._one_hot(category)
        z = torch.randn(len(images), self.latent, device=self.device)
        made = self.generator(torch.cat([z, y], dim=1))
        real = (self._judge(2 * images - 1, y) - 1).square().mean()
        unreal = self._judge(made.detach(), y).square().mean()
        yield "discriminator", (real + unreal) / 2, {"real": real, "made": unreal}
        with frozen(self.discriminator):
            loss = (self._judge(made, y) - 1).square().mean()
        yield "generator", loss
        if self.recipe.steady:
            self._remember()

    def _judge(self, x: Tensor, y: Tensor) -> Tensor:
        return self.discriminator(glimpsed(x) if self.recipe.steady else x, y)

    @torch.no_grad()
    def _remember(self) -> None:
        self.steps += 1
        kept = min(MEMORY, self.steps.item() / (self.steps.item() + 10))
        for mean, now in zip(self.average.state_dict().values(), self.generator.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - kept)

    def _one_hot(self, category: Tensor) -> Tensor:
        return F.one_hot(category, self.categories).float()

    def generate(self, z: Tensor, category: Tensor) -> Tensor:
        latents = torch.cat([z, self._one_hot(category)], dim=1)
        return ((self.average or self.generator)(latents) + 1) / 2

    def realism(self, images: Tensor, category: Tensor) -> Tensor:
        return self.discriminator(2 * images - 1, self._one_hot(category))

    @torch.no_grad()
    def finish(self, data: Garments, generator: torch.Generator) -> None:
        self.names = data.names
        if self.recipe.steady:
            latents = ((self._latents(64, generator),) for _ in range(SETTLING))
            settle_batch_norms(self.average, latents, self.device)
        for category in range(self.categories):
            self.judged[category] = torch.tensor(self._judged(data, category, generator))

    def _latents(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, 256 + C): z and a category's one-hot side by side."""
        z = torch.randn(count, self.latent, generator=generator)
        category = torch.randint(self.categories, (count,), generator=generator)
        return torch.cat([z, F.one_hot(category, self.categories)], dim=1)

    def _judged(self, data: Garments, category: int, generator: torch.Generator) -> list[float]:
        chosen = torch.from_numpy(data.of(category))
        real = data.images.batch(chosen[torch.randint(len(chosen), (JUDGED,), generator=generator)]).to(self.device)
        which = torch.full((JUDGED,), category, device=self.device)
        made = self.generate(torch.randn(JUDGED, self.latent, generator=generator).to(self.device), which)
        varied = [ssim.diversity(images, generator) for images in (real, made)]
        looks = [self.realism(images, which).mean().item() for images in (real, made)]
        return [*varied, ssim.repeated(made), *looks]

    def summary(self) -> dict[str, float]:
        names = ("diversity of real", "diversity", "repeated", "realism of real", "realism")
        return dict(zip(names, self.judged.mean(dim=0).tolist(), strict=True))

    def warnings(self) -> list[str]:
        said = []
        for category, (real, made, repeated, _, _) in enumerate(self.judged.tolist()):
            name = self.names[category] if self.names else f"category {category}"
            if repeated > 0.5 or made < real / 2:
                said.append(
                    f"{name}: collapsed: designs are {made:.2f} diverse (1 - SSIM) where products are {real:.2f}, "
                    f"and {repeated:.0%} of them are the same as another"
                )
        return said
