from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "recommender.access"
    label = "access"
    verbose_name = "API access"
