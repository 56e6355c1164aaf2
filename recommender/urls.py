from django.urls import path

from recommender.pages import account_views, design_views, views

urlpatterns = [
    path("for-you/", views.for_you, name="for-you"),
    path("designs/", design_views.designs, name="designs"),
    path("designs/<uuid:pk>/", design_views.design, name="design"),
    path("designs/<uuid:pk>/cancel/", design_views.cancel, name="cancel-design"),
    path("designs/<uuid:pk>/delete/", design_views.delete, name="delete-design"),
    path("me/", account_views.me, name="me"),
    path("me/forget/", account_views.forget_me, name="forget-me"),
    path("shadow/leave/", views.leave_shadow, name="leave-shadow"),
    path("search/photo/", views.photo_search, name="photo-search"),
]
