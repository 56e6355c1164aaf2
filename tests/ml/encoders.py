"""Tiny networks of timm and open_clip, made by these libraries, with weights that nobody trained."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import open_clip
import timm
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import nn

from ml.runtime import seeded

TINY = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
# As SigLIP is described: a text tower of its own keys, and a tokenizer that is not part of open_clip.
TINY_SIGLIP = {
    "embed_dim": 32,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {
        "image_size": 64,
        "timm_model_name": "test_vit",
        "timm_model_pretrained": False,
        "timm_pool": "",
        "timm_proj": "linear",
    },
    "text_cfg": {
        "context_length": 8,
        "vocab_size": 10,
        "hf_tokenizer_name": "shop/tiny-siglip",
        "tokenizer_kwargs": {"clean": "canonicalize"},
        "width": 32,
        "heads": 2,
        "layers": 2,
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
    },
}
DESCRIPTIONS = {"tiny": TINY, "tiny-custom": TINY | {"custom_text": True}, "tiny-SigLIP": TINY_SIGLIP}
WORDS = ["</s>", "<pad>", "<unk>", "a", "red", "blue", "bag", "shoe"]


@cache
def describe_tiny_networks() -> None:
    """Add these to the networks that open_clip knows in this process."""
    with TemporaryDirectory() as folder:
        for name, description in DESCRIPTIONS.items():
            (Path(folder) / f"{name}.json").write_text(json.dumps(description))
        open_clip.add_model_config(Path(folder))
        open_clip.factory._MODEL_CONFIG_PATHS.pop()


def build_clip(name: str = "tiny") -> nn.Module:
    """open_clip's own network, the same in every run."""
    describe_tiny_networks()
    with seeded(0, 0):
        network = open_clip.create_model(name, load_weights=False)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))  # some are zeros or ones at first
    return network.eval()


def build_timm(name: str) -> nn.Module:
    with seeded(0, 0):
        return timm.create_model(name).eval()


def save_weights(network: nn.Module, file: Path) -> str:
    torch.save(network.state_dict(), file)
    return str(file)


def save_tokenizer(folder: Path) -> str:
    """A tokenizer of whole words, in the two files of the library transformers."""
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 0)])
    folder.mkdir(exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": {"content": "<pad>"}}))
    return str(folder)
