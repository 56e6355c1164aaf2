from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "recommender.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"
