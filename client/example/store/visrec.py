from store.models import Article


class StoreAdapter:
    def products(self):
        return Article.objects.filter(is_published=True)

    def sources(self):
        return {Article: ""}

    def sku(self, article):
        return article.number

    def fields(self, article):
        return {
            "title": article.name,
            "category": article.kind,
            "price": article.euros,
            "currency": "EUR",
            "in_stock": article.pieces > 0,
            "url": f"http://127.0.0.1:8001/articles/{article.number}/",
        }

    def image(self, article):
        return article.photo or None
