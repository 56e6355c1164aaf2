from django.apps import AppConfig


class MapsConfig(AppConfig):
    name = "recommender.maps"
    label = "maps"
    verbose_name = "Taste maps"
