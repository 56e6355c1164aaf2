from django.urls import path

from recommender.pages import design_views, views

urlpatterns = [
    path("for-you/", views.for_you, name="for-you"),
    path("designs/", design_views.designs, name="designs"),
    path("designs/<uuid:pk>/", design_views.design, name="design"),
    path("designs/<uuid:pk>/cancel/", design_views.cancel, name="cancel-design"),
    path("designs/<uuid:pk>/delete/", design_views.delete, name="delete-design"),
    path("search/photo/", views.photo_search, name="photo-search"),
]
