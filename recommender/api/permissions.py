"""Permissions, and the account of a request that has passed them."""

from django.contrib.auth.models import User
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class StaffWrites(BasePermission):
    """Permission for everybody to read and for staff to write."""

    message = "Only staff may change products."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or request.user.is_staff


def account_of(request: Request) -> User:
    """Return the account of a request to a view that requires one (IsAuthenticated)."""
    assert request.user.is_authenticated
    return request.user
