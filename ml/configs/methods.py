"""The methods and their configs. Importing this does not import torch; `ml.models.factory` creates models."""

import importlib.util
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ml.configs import design, personal, similar
from ml.configs.backbones import BACKBONES
from ml.configs.base import Config, echo
from ml.configs.encoders import LIBRARIES as LIBRARIES
from ml.configs.encoders import Library
from ml.errors import BadSetting, MissingLibrary, UnknownMethod


@dataclass(frozen=True)
class Method:
    """A method by its name, as commands, forms and the API list it."""

    name: str
    # "similar": images near each other; "personal": a shopper's vector times a product's; "design": new images
    role: str
    summary: str  # one line for --help
    config: type[Config]
    model: str  # "module:Class" below ml.models
    sees_images: bool = True
    library: Library | None = None  # whose network it is
    loss_unit: str = "nats"  # "" where a loss adds up terms without a common one


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "pixels",
            "similar",
            "the pixels of the image made small, on principal components",
            similar.PixelsConfig,
            "pixels:Pixels",
        ),
        Method("histogram", "similar", "the colours of the foreground", similar.HistogramConfig, "histogram:Histogram"),
        Method("hog", "similar", "oriented gradients on principal components", similar.HogConfig, "hog:Hog"),
        Method(
            "hog+histogram",
            "similar",
            "oriented gradients and colours, two to one",
            similar.HogConfig,
            "hog_histogram:HogHistogram",
        ),
        Method(
            "visrec",
            "similar",
            "our default: shape, a self-supervised network and colour",
            similar.VisrecConfig,
            "visrec:Visrec",
        ),
        Method(
            "infogan",
            "similar",
            "the discriminator's features of an InfoGAN, by distance",
            similar.InfoganConfig,
            "infogan:Infogan",
        ),
        Method(
            "vae", "similar", "the means of a small variational autoencoder, by distance", similar.VaeConfig, "vae:Vae"
        ),
        Method(
            "cae",
            "similar",
            "the bottleneck of a convolutional autoencoder, by distance",
            similar.CaeConfig,
            "cae:Cae",
            loss_unit="squared error",
        ),
        Method(
            "age",
            "similar",
            "the codes of an adversarial generator-encoder pair",
            similar.AgeConfig,
            "age:Age",
            loss_unit="",
        ),
        *(
            Method(
                name,
                "similar",
                "torchvision's network, with ImageNet weights or weights=FILE",
                similar.backbone_config(name),
                f"backbone:{name}",
            )
            for name in BACKBONES
        ),
        Method(
            "hybrid",
            "personal",
            "our default: interactions, and the image where a product has few",
            personal.HybridConfig,
            "hybrid:Hybrid",
        ),
        Method(
            "popularity",
            "personal",
            "the products that most shoppers took, the same for all",
            personal.PopularityConfig,
            "popularity:Popularity",
            sees_images=False,
        ),
        Method(
            "bpr-mf",
            "personal",
            "shoppers' and products' factors by BPR, without images",
            personal.BprMfConfig,
            "bpr_mf:BprMf",
            sees_images=False,
        ),
        Method(
            "fm",
            "personal",
            "a factorisation machine: bpr-mf with the products' categories",
            personal.FmConfig,
            "fm:Fm",
            sees_images=False,
        ),
        Method(
            "ials",
            "personal",
            "the same factors by least squares over all pairs, in closed form",
            personal.IalsConfig,
            "ials:Ials",
            sees_images=False,
        ),
        Method(
            "ease",
            "personal",
            "each product's regression on all others that a shopper took, in closed form",
            personal.EaseConfig,
            "ease:Ease",
            sees_images=False,
        ),
        Method(
            "lightgcn",
            "personal",
            "factors averaged over the graph of who took what, without images",
            personal.LightGcnConfig,
            "lightgcn:LightGcn",
            sees_images=False,
        ),
        Method(
            "warp",
            "personal",
            "the factors of bpr-mf by WARP, which weighs the top of the list",
            personal.WarpConfig,
            "warp:Warp",
            sees_images=False,
            loss_unit="",
        ),
        Method(
            "visrank",
            "personal",
            "products that look like those a shopper took; nothing is trained",
            personal.VisrankConfig,
            "visrank:Visrank",
        ),
        Method(
            "vbpr",
            "personal",
            "factors beside a second set, computed from frozen image features",
            personal.VbprConfig,
            "vbpr:Vbpr",
        ),
        Method(
            "deepstyle",
            "personal",
            "image features less what is common to a category",
            personal.DeepstyleConfig,
            "deepstyle:Deepstyle",
        ),
        Method(
            "sasrec",
            "personal",
            "a transformer over what a shopper took, in order, and images",
            personal.SasrecConfig,
            "sasrec:Sasrec",
        ),
        Method(
            "dvbpr",
            "personal",
            "a network and shoppers' vectors, learned together by BPR",
            personal.DvbprConfig,
            "dvbpr:Dvbpr",
        ),
        Method(
            "cae-bpr",
            "personal",
            "one layer on the code of a convolutional autoencoder",
            personal.CaeBprConfig,
            "cae_bpr:CaeBpr",
        ),
        Method(
            "inception-bpr",
            "personal",
            "one layer on InceptionV3, or another network",
            personal.InceptionBprConfig,
            "inception_bpr:InceptionBpr",
        ),
        Method(
            "lsgan",
            "design",
            "a conditional GAN: new images of each of the shop's categories",
            design.LsganConfig,
            "lsgan:Lsgan",
            loss_unit="",
        ),
    )
}


def method_of(name: str) -> Method:
    """Return the method of this name. Raises UnknownMethod, with a list of all methods.

    That a library has the network of a name LIBRARY:NAME is known where the model is created.
    """
    if name in METHODS:
        return METHODS[name]
    prefix, _, network = name.partition(":")
    library = LIBRARIES.get(prefix)
    if library is None:
        placeholders = [f"{prefix}:NAME" for prefix in LIBRARIES]
        raise UnknownMethod(f"no method is called {name!r}; there are: {', '.join([*METHODS, *placeholders])}")
    if not library.names.fullmatch(network):
        raise UnknownMethod(
            f"no method is called {echo(name)}; networks of {prefix} are named as {prefix}:{library.example}"
        )
    model = f"{prefix}_network:{network}"
    return Method(name, "similar", library.summary, library.config, model, library=library)


def is_network(name: str) -> bool:
    """Return whether the name is of the form LIBRARY:NAME."""
    return name.partition(":")[0] in LIBRARIES and ":" in name


def takes_texts(name: str, settings: dict[str, Any]) -> bool:
    """Return whether a model of this method and these settings embeds texts, too."""
    library = LIBRARIES.get(name.partition(":")[0])
    return library is not None and library.config(**settings).takes_texts


def check_installed(method: Method) -> None:
    """Raise MissingLibrary if the method's library is not installed here; it is not imported."""
    library = method.library
    if library and importlib.util.find_spec(library.name) is None:
        raise MissingLibrary(
            f"{method.name} needs the library {library.package}, which is not installed: "
            "pip install -r docker/requirements-encoders.txt"
        )


def check_indexable(dimensions: int) -> None:
    """Raise BadSetting for vectors of so many numbers that a shop's index takes none."""
    if dimensions > similar.MOST_DIMENSIONS:
        raise BadSetting(
            f"a vector would have {dimensions} numbers, and an index takes at most {similar.MOST_DIMENSIONS}: set "
            "dimensions"
        )


def by_summary(role: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (summary, names) of a role's methods; all of torchvision's networks share a summary."""
    fitting = (method for method in METHODS.values() if method.role == role)
    for summary, methods in groupby(fitting, key=lambda method: method.summary):
        yield summary, [method.name for method in methods]


def help_lines(role: str) -> Iterator[str]:
    """Yield the lines of a help text: one for each method, and a paragraph for those that share a summary."""
    for summary, names in by_summary(role):
        if len(names) == 1:
            yield f"  {names[0]:<13} {summary}"
        else:
            yield f"  {summary}:"
            yield textwrap.fill(", ".join(names), width=78, initial_indent="    ", subsequent_indent="    ")
    for name, library in LIBRARIES.items() if role == "similar" else ():
        yield f"  {name}:NAME\n    {library.summary}"
