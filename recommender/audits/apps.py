from django.apps import AppConfig


class AuditsConfig(AppConfig):
    name = "recommender.audits"
    label = "audits"
    verbose_name = "Audits"
