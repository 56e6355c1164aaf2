"""Tokenizers of the library tokenizers, in the form that they are stored in beside a model's weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from open_clip.tokenizer import get_clean_fn
from tokenizers import Tokenizer
from torch import Tensor

from ml.errors import BadWeights

FILES = ("tokenizer.json", "tokenizer_config.json")


def read_tokenizer(folder: Path, length: int) -> bytes:
    """Read a tokenizer and return it as JSON, with the padding and the truncation to `length` tokens.

    Raises BadWeights with the file and the reason.
    """
    for name in FILES:
        if not (folder / name).is_file():
            raise BadWeights(f"{folder / name}: there is no such file of a tokenizer; the folder needs {FILES}")
    try:
        config: dict[str, Any] = json.loads((folder / FILES[1]).read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_file(str(folder / FILES[0]))
    except Exception as error:  # the library raises this class itself
        raise BadWeights(f"{folder} cannot be read as a tokenizer: {error}") from error
    padding = config.get("pad_token")
    token = padding.get("content") if isinstance(padding, dict) else padding
    number = tokenizer.token_to_id(token) if isinstance(token, str) else None
    if number is None:
        raise BadWeights(f"{folder / FILES[1]}: pad_token is {padding!r}, which is no token of {FILES[0]}")
    side = config.get("padding_side", "right")
    tokenizer.enable_padding(direction=side, pad_id=number, pad_token=token, length=length)
    tokenizer.enable_truncation(length)
    return tokenizer.to_str().encode()


class StoredTokenizer:
    """Texts to (B, length) numbers of tokens. cleaning: the name of what open_clip does with a text before."""

    def __init__(self, stored: bytes, cleaning: str) -> None:
        self.tokenizer = Tokenizer.from_str(stored.decode())
        self.clean: Callable[[str], str] = get_clean_fn(cleaning)

    def __call__(self, texts: list[str]) -> Tensor:
        encoded = self.tokenizer.encode_batch([self.clean(text) for text in texts])
        return torch.tensor([each.ids for each in encoded])
