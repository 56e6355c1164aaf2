from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "recommender.schedules"
    label = "schedules"
    verbose_name = "Training schedules"
