from django.db import models


class Article(models.Model):
    """A product as this shop has it, which knows nothing of VisRec."""

    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=50)
    euros = models.DecimalField(max_digits=8, decimal_places=2)
    pieces = models.PositiveIntegerField(default=1)
    photo = models.ImageField(upload_to="photos", blank=True)
    is_published = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name
