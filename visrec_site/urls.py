from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path

from visrec_site import accounts, health, media

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("recommender.api.urls")),
    path("login/", auth.LoginView.as_view(template_name="login.html"), name="login"),
    path("password/", accounts.ChangePassword.as_view(), name="password"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    re_path(rf"^{settings.MEDIA_URL.lstrip('/')}(?P<path>.*)$", media.serve, name="media"),
    path("", include("recommender.urls")),
    path("", include("catalog.pages.urls")),
]

handler400 = "visrec_site.errors.bad_request"
handler404 = "visrec_site.errors.page_not_found"
handler500 = "visrec_site.errors.server_error"
