"""Models of the search: words of the catalogue and synonyms. Django finds them through catalog.models."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Word(models.Model):
    """A word of a product or of a category's name, perhaps twice. Written by triggers of migration 0020 alone."""

    word = models.CharField(max_length=30, db_collation="C")
    remainders = ArrayField(models.TextField())  # of it without one or two letters: catalog.vocabulary

    class Meta:
        indexes = [
            models.Index(fields=["word"], name="word_in_order"),
            GinIndex(fields=["remainders"], name="word_remainders"),
        ]

    def __str__(self) -> str:
        return self.word


class Synonyms(models.Model):
    """Words that mean the same to whoever searches."""

    terms = models.TextField(help_text="Words or short phrases that mean the same, with commas between.")

    class Meta:
        ordering = ["terms"]
        verbose_name_plural = "synonyms"

    def __str__(self) -> str:
        return self.terms
