from corsheaders.signals import check_request_enabled
from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "recommender.access"
    label = "access"
    verbose_name = "API access"

    def ready(self) -> None:
        from recommender.access import cors  # needs the models loaded

        check_request_enabled.connect(cors.is_allowed)
