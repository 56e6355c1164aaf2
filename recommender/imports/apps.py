from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "recommender.imports"
    label = "imports"
    verbose_name = "Imports"
