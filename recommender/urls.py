from django.urls import path

from recommender import views

urlpatterns = [
    path("for-you/", views.for_you, name="for-you"),
    path("search/photo/", views.photo_search, name="photo-search"),
]
