"""Titles of the admin site."""

from django.contrib import admin

admin.site.site_title = "VisRec"
admin.site.site_header = "VisRec administration"
admin.site.index_title = "Shop and recommender"
admin.site.enable_nav_sidebar = False  # lists need the width
