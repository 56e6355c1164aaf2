from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "recommender.experiments"
    label = "experiments"
    verbose_name = "Experiments"
