from django.apps import AppConfig


class RecommenderConfig(AppConfig):
    name = "recommender"

    def ready(self) -> None:
        from recommender import receivers  # connects itself to catalog.signals; needs the models loaded

        receivers.connect()
