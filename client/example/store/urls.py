from django.conf import settings
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views import static
from django.views.decorators.http import require_POST
from visrec_django import events

from store.models import Article


def home(request):
    return render(request, "home.html", {"articles": Article.objects.filter(is_published=True)})


def article(request, number):
    return render(request, "article.html", {"article": get_object_or_404(Article, number=number)})


@require_POST
def buy(request, number):
    events.record([{"sku": number, "kind": "purchase", "user": request.POST["customer"], "id": request.POST["order"]}])
    return redirect("home")


urlpatterns = [
    path("", home, name="home"),
    path("articles/<number>/", article, name="article"),
    path("articles/<number>/buy/", buy, name="buy"),
    path("media/<path:path>", static.serve, {"document_root": settings.MEDIA_ROOT}),
]
