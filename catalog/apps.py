from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        from catalog import receivers  # connects itself to Django's signals; needs the models loaded

        receivers.connect()
