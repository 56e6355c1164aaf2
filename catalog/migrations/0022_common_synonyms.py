"""Synonyms that shops of clothes commonly need; staff may change them."""

from django.db import migrations

GROUPS = (
    "t-shirt, tshirt, tee",
    "trainers, sneakers",
    "trousers, pants, slacks",
    "jumper, sweater, pullover",
    "handbag, purse",
    "backpack, rucksack, bagpack",
    "sunglasses, shades",
    "swimsuit, bathing suit, swimming costume",
    "wellingtons, wellies, rain boots",
    "high heels, stilettos",
    "tights, pantyhose",
    "perfume, fragrance",
    "jewellery, jewelry",
    "grey, gray",
    "multicoloured, multicolored, multi coloured",
    "women, ladies",
    "men, gents, gentlemen",
    "kids, children",
)


def create(apps, schema_editor):
    Synonyms = apps.get_model("catalog", "Synonyms")
    Synonyms.objects.bulk_create([Synonyms(terms=terms) for terms in GROUPS])


class Migration(migrations.Migration):
    dependencies = [("catalog", "0021_search_index")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
