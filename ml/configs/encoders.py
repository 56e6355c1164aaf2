"""Networks of timm and of open_clip by these libraries' own names; neither library is imported here."""

import re
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from ml.configs.base import echo
from ml.configs.similar import NetworkConfig

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")  # of files of weights
WeightsFile = Annotated[
    str, Field(description="The .safetensors, .pth, .pt or .bin file of its weights; nothing is downloaded.")
]


class EncoderConfig(NetworkConfig):
    """The settings of a network whose weights are in a file."""

    weights: WeightsFile = ""

    @field_validator("weights")
    @classmethod
    def _names_a_file(cls, weights: str) -> str:
        if weights and not weights.endswith(SUFFIXES):
            raise ValueError(
                f"weights is {echo(weights)}; it takes a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file"
            )
        return weights

    @model_validator(mode="after")
    def _has_weights(self) -> Self:
        if not self.weights:
            raise ValueError(f"weights is missing; it takes a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file")
        return self

    @property
    def takes_texts(self) -> bool:
        """Return whether texts are embedded, too."""
        return False


class TimmConfig(EncoderConfig):
    image_size: Annotated[
        int, Field(ge=0, le=1024, description="Pixels a side; 0 is what the network's weights were made for.")
    ] = 0


class OpenClipConfig(EncoderConfig):
    # Bare features, so that words are compared with them.
    dimensions: Annotated[
        int,
        Field(ge=0, le=1024, description="Number of principal components, without text; 0 takes the features."),
    ] = 0
    text: Annotated[bool, Field(description="Whether products are found by words, too.")] = True
    tokenizer: Annotated[
        str,
        Field(
            description="Folder with tokenizer.json and tokenizer_config.json, of a network whose tokenizer is not "
            "part of open_clip."
        ),
    ] = ""

    @model_validator(mode="after")
    def _compares_words_with_features(self) -> Self:
        if self.text and self.dimensions:
            raise ValueError(
                f"dimensions is {self.dimensions} and text is yes; words are compared with the features themselves: "
                "take dimensions=0, or text=no"
            )
        if self.text and self.distance != "cosine":
            raise ValueError(
                f"distance is {self.distance} and text is yes; words are compared by the cosine: take distance=cosine, "
                "or text=no"
            )
        if self.tokenizer and not self.text:
            raise ValueError(f"tokenizer is {echo(self.tokenizer)} and text is no; without text there is none to read")
        return self

    @property
    def takes_texts(self) -> bool:
        return self.text


@dataclass(frozen=True)
class Library:
    """A library of networks, each a similar method LIBRARY:NAME."""

    name: str  # by which it is imported
    package: str  # by which it is installed
    names: re.Pattern[str]  # the form of its networks' names: with a dot and the name of weights, or without
    example: str
    summary: str
    config: type[EncoderConfig]


LIBRARIES = {
    library.name: library
    for library in (
        Library(
            "timm",
            "timm",
            re.compile(r"[a-z0-9_]{1,64}(\.[a-zA-Z0-9_]{1,32})?"),
            "vit_small_patch14_dinov2.lvd142m",
            "timm's network, with weights=FILE",
            TimmConfig,
        ),
        Library(
            "open_clip",
            "open-clip-torch",
            re.compile(r"[a-zA-Z0-9_-]{1,64}(\.[a-zA-Z0-9_-]{1,32})?"),
            "ViT-B-16-SigLIP",
            "open_clip's network, with weights=FILE; finds products by words too",
            OpenClipConfig,
        ),
    )
}
