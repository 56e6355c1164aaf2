"""Image-text encoders of open_clip, by its own names: products are found by words, too."""

import difflib
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.coca_model import CoCa
from open_clip.convert import convert_state_dict
from open_clip.model import CLIP, CustomTextCLIP, convert_to_custom_text_state_dict
from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model
from open_clip.tokenizer import SimpleTokenizer
from torch import Tensor, nn

from ml.configs.encoders import LIBRARIES, OpenClipConfig
from ml.contract import unit
from ml.data.images import ImageArray
from ml.errors import BadSetting, BadWeights, UnknownMethod
from ml.models.pretrained_network import PretrainedNetwork
from ml.nn import clip_layouts, pretrained
from ml.nn.tokenizer import StoredTokenizer, read_tokenizer

IMAGES = "visual"  # open_clip's name of the image tower
SCALES = ("logit_scale", "logit_bias")  # of the loss it was trained with
CONVERSION_ERRORS = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)


class OpenClipNetwork(PretrainedNetwork[OpenClipConfig]):
    """The embeddings of one of open_clip's image-text encoders, normalised as open_clip does it for its weights.

    A name may have the tag of weights, as in ViT-L-14.laion2b_s32b_b82k, which decides on the normalisation and the
    activation; without one, normalisation is that of the network's first weights. Images are made small as for all
    methods here, with their ratio kept and without a crop: open_clip's own way is another filter and a crop.

    Texts and images are compared by the cosine of bare embeddings, as the network was trained to. Principal components
    would change that: they are centred on images, apart from which texts lie, and whitening gives weight to directions
    in which texts hardly differ. So text needs dimensions=0.
    """

    tokenizer: Tensor

    def __init__(self, config: OpenClipConfig) -> None:
        name, _, tag = self.method.partition(":")[2].partition(".")
        facts = _facts_of(name, tag)
        self.description = _describe(name)
        clip = _build(self.description, quick_gelu=bool(tag and facts.get("quick_gelu")))
        all_keys = clip.state_dict().keys()
        for unused in (*SCALES, "text_decoder"):
            if getattr(clip, unused, None) is not None:
                setattr(clip, unused, None)
        network = clip if config.text else nn.ModuleDict({IMAGES: clip.visual})
        height, width = open_clip.model.to_2tuple(clip.visual.image_size)
        mean, deviation = torch.tensor(facts["mean"]), torch.tensor(facts["std"])
        super().__init__(config, network, self.description["embed_dim"], max(height, width), mean, deviation)
        self.removed_keys = {*all_keys, *SCALES} - network.state_dict().keys()
        self._check_tokenizer()

    def _check_tokenizer(self) -> None:
        if self.config.tokenizer and not self._needs_tokenizer:
            raise BadSetting(f"tokenizer is {self.config.tokenizer!r}; that of {self.method} comes with open_clip")

    @property
    def _needs_tokenizer(self) -> bool:
        """Return whether texts are read by a tokenizer that is not part of open_clip."""
        return self.config.text and bool(self.description["text_cfg"].get("hf_tokenizer_name"))

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"tokenizer": len(self.tokenizer)} if hasattr(self, "tokenizer") else {}

    def allocate(self, tokenizer: int = 0) -> None:
        if tokenizer:
            self.register_buffer("tokenizer", torch.zeros(tokenizer, dtype=torch.uint8))

    def check(self) -> None:
        super().check()
        self._read_tokenizer()

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        super().on_fit_start(data, generator)
        if stored := self._read_tokenizer():
            self.allocate(len(stored))
            self.tokenizer.copy_(torch.frombuffer(bytearray(stored), dtype=torch.uint8))

    def _read_tokenizer(self) -> bytes:
        """Read the folder of the tokenizer, if one is needed. Raises BadWeights."""
        if not self._needs_tokenizer:
            return b""
        text = self.description["text_cfg"]
        if not self.config.tokenizer:
            raise BadWeights(
                f"{self.method} reads texts by the tokenizer of {text['hf_tokenizer_name']}, which is not part of "
                "open_clip: give tokenizer=FOLDER with its tokenizer.json and tokenizer_config.json, or text=no"
            )
        return read_tokenizer(Path(self.config.tokenizer).expanduser(), text["context_length"])

    def load_weights(self) -> None:
        tensors = pretrained.read_weights(Path(self.config.weights).expanduser())
        source = f"{self.config.weights} for {self.method}"
        try:
            if clip_layouts.is_of_transformers(tensors):
                tensors = clip_layouts.from_transformers(tensors)
            tensors = convert_state_dict(self.network, tensors)
            if "positional_embedding" in tensors and self._has_text_module:
                tensors = convert_to_custom_text_state_dict(tensors)
        except CONVERSION_ERRORS as error:
            raise BadWeights(f"{source} does not fit: {error!r}") from error
        pretrained.load_weights(self.network, tensors, self.removed_keys, source)

    @property
    def _has_text_module(self) -> bool:
        return self.description.get("custom_text", False)

    def compute(self, images: Tensor) -> Tensor:
        features = self.network.get_submodule(IMAGES)(images)
        return features[0] if isinstance(features, tuple) else features  # CoCa's with the tokens of its captions

    def embed_texts(self, texts: Sequence[str]) -> Tensor | None:
        if not self.config.text:
            return None
        tokens = self._tokenize(list(texts)).to(self.device)
        clip: Any = self.network
        return unit(clip.encode_text(tokens).float())

    @cached_property
    def _tokenize(self) -> Callable[[list[str]], Tensor]:
        text = self.description["text_cfg"]
        options = text.get("tokenizer_kwargs", {})
        if self._needs_tokenizer:
            return StoredTokenizer(bytes(self.tokenizer.cpu().numpy()), options.get("clean", "whitespace"))
        return SimpleTokenizer(context_length=text.get("context_length", 77), **options)


def _describe(name: str) -> dict[str, Any]:
    """Return open_clip's description of a network. Raises UnknownMethod, or BadSetting if it cannot be built."""
    description: dict[str, Any] | None = open_clip.get_model_config(name)
    if description is None:
        near = difflib.get_close_matches(name, open_clip.list_models(), 5)
        known = ", ".join(near or [LIBRARIES["open_clip"].example])
        raise UnknownMethod(f"open_clip has no network called {name!r}; it has {known} and others")
    text = description["text_cfg"]
    if "hf_model_name" in text or text.get("tokenizer_kwargs", {}).get("strip_sep_token"):
        raise BadSetting(f"open_clip:{name} reads texts as the library transformers does, which is not supported")
    return description


def _facts_of(name: str, tag: str) -> dict[str, Any]:
    """Return what open_clip knows of the weights of that tag, or of a network's first; its defaults if there are none.

    Raises UnknownMethod.
    """
    tags = list_pretrained_tags_by_model(name)
    if tag and tag not in tags:
        raise UnknownMethod(f"open_clip has no weights {tag!r} of {name}; there are: {', '.join(tags) or 'none'}")
    facts: dict[str, Any] = get_pretrained_cfg(name, tag or tags[0]) if tags else {}
    return facts or {"mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD}


def _build(description: dict[str, Any], quick_gelu: bool) -> Any:  # a module with open_clip's methods
    """Build the whole encoder, without weights."""
    parts = {key: value for key, value in description.items() if key != "custom_text"}
    parts["vision_cfg"] = parts["vision_cfg"] | {"timm_model_pretrained": False}
    if quick_gelu:
        parts["quick_gelu"] = True
    if "multimodal_cfg" in parts:
        return CoCa(**parts)
    return (CustomTextCLIP if description.get("custom_text") else CLIP)(**parts)


@cache
def _class_of(name: str) -> type[OpenClipNetwork]:
    return type(name, (OpenClipNetwork,), {"method": f"open_clip:{name}"})


def __getattr__(name: str) -> type[OpenClipNetwork]:
    """Return the class of the network of that name; it is created at the first use."""
    if name.startswith("__"):
        raise AttributeError(name)
    return _class_of(name)
