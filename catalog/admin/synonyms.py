"""Synonyms in the admin, for the search of products."""

from typing import TYPE_CHECKING

from django.contrib import admin

from catalog.models import Synonyms

if TYPE_CHECKING:
    SynonymsModelAdmin = admin.ModelAdmin[Synonyms]
else:
    SynonymsModelAdmin = admin.ModelAdmin  # generic in the stubs alone


@admin.register(Synonyms)
class SynonymsAdmin(SynonymsModelAdmin):
    search_fields = ["terms"]
