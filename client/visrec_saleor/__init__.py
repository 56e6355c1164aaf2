"""Products and orders of a Saleor shop in VisRec: a receiver of its webhooks. See docs/adopt.md."""
