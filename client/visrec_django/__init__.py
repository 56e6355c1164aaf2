"""Products of a Django project in VisRec, and recommendations in its pages: a Django app. See docs/adopt.md."""
