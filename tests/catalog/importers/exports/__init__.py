"""Exports of shops as their programs write them, made of a small catalogue that is known."""
