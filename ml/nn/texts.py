"""Features of items' texts, such as titles and attributes: hashed words on the principal components of a catalogue."""

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ml.contract import unit
from ml.nn.pca import SAMPLE, Pca

BUCKETS = 4096  # of words; the sign keeps those that share one from adding up (Weinberger et al. 2009, arXiv:0902.2206)
WIDTH = 128
WORD = re.compile(r"\w+")


class TextFeatures(nn.Module):
    """TF-IDF of hashed words, on principal components: vectors (B, 128) of length 1, of a text without words zeros.

    A word weighs the logarithm of its count by that of how rare it is among the catalogue's texts. Words that a text
    has in no catalogue say nothing, so that a new item is described by those which others share with it.
    """

    rarity: Tensor  # (BUCKETS,)
    mean: Tensor  # (WIDTH,) of the catalogue's features

    def __init__(self) -> None:
        super().__init__()
        self.pca = Pca(BUCKETS, WIDTH, whitening=0.5)
        self.register_buffer("rarity", torch.zeros(BUCKETS))
        self.register_buffer("mean", torch.zeros(WIDTH))

    def fit(self, texts: Sequence[str], generator: torch.Generator) -> None:
        """Fit how rare words are, and the components, to texts of a catalogue, drawn if there are many."""
        sample = torch.randperm(len(texts), generator=generator)[:SAMPLE].tolist()
        counts = count_words([texts[index] for index in sample]).to(self.rarity.device)
        having = (counts != 0).sum(dim=0)
        rarity = ((1 + len(sample)) / (1 + having)).log()
        self.rarity.copy_(torch.where(having > 0, rarity, 0.0))
        self.pca.fit(self._weigh(counts))
        self.mean.copy_(self._describe(counts).mean(dim=0))

    def forward(self, texts: Sequence[str] | None, count: int) -> Tensor:
        """Compute the features of `count` texts; where none is known, None, the mean of the catalogue's."""
        if texts is None:
            return self.mean.expand(count, -1)
        return self._describe(count_words(texts).to(self.rarity.device))

    def of_all(self, texts: Sequence[str]) -> Tensor:
        """Compute the features of any number of texts, part by part."""
        parts = [self(texts[begin : begin + SAMPLE], SAMPLE) for begin in range(0, len(texts), SAMPLE)]
        return torch.cat(parts) if parts else self.mean.new_zeros(0, WIDTH)

    def _describe(self, counts: Tensor) -> Tensor:
        known = ((counts != 0) & (self.rarity > 0)).any(dim=1, keepdim=True)
        return torch.where(known, unit(self.pca(self._weigh(counts))), 0.0)

    def _weigh(self, counts: Tensor) -> Tensor:
        weighed: Tensor = counts.sign() * counts.abs().log1p() * self.rarity
        return torch.nn.functional.normalize(weighed, dim=1)


def count_words(texts: Sequence[str]) -> Tensor:
    """Count the words of texts in buckets, with signs: (B, BUCKETS) float32."""
    counts = torch.zeros(len(texts), BUCKETS)
    for row, text in enumerate(texts):
        for word, count in Counter(WORD.findall(text.casefold())).items():
            number = zlib.crc32(word.encode())
            counts[row, number % BUCKETS] += count if number & 2**31 else -count
    return counts
