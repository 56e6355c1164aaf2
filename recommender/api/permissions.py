"""Permissions: each view states in `rules` who may call each of its methods; whoever is not named may not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from catalog.visitors import is_permitted_staff

if TYPE_CHECKING:  # DRF loads the permissions while it defines APIView
    from rest_framework.views import APIView


@dataclass(frozen=True)
class Rule:
    """Callers that may call a method of a view. The view itself checks whose data they reach.

    permissions: Django's, any of which lets staff call it, as in the admin.
    """

    permissions: tuple[str, ...] = ()
    guests: bool = False  # everybody, without credentials too
    accounts: bool = False  # each account


PUBLIC = Rule(guests=True)
# Recommendations from what is in the request alone.
STATELESS = Rule(guests=True, permissions=("catalog.view_product", "catalog.view_shopper"))


class MayCall(BasePermission):
    """Permission by the rules of the view, Django REST framework's default here."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        rule = rule_of(view, request.method)
        if rule is None:
            return not hasattr(view, (request.method or "").lower())  # 405 for a method that the view does not have
        if rule.guests or (rule.accounts and request.user.is_authenticated):
            return True
        self.message = f"This needs the permission {' or '.join(rule.permissions)}."
        return is_granted(request, *rule.permissions)


def rule_of(view: "APIView", method: str | None) -> Rule | None:
    """Return the rule of a view for a method; None if it states none."""
    if method == "OPTIONS":
        return PUBLIC
    rules: dict[str, Rule] = getattr(view, "rules", {})
    return rules.get("GET" if method == "HEAD" else method or "")


def is_granted(request: Request, *permissions: str) -> bool:
    """Return whether the caller has any of Django's permissions, with which staff reach everybody's data."""
    return any(is_permitted_staff(request.user, permission) for permission in permissions)


def account_of(request: Request) -> User:
    """Return the account of a request to a view that only accounts may call."""
    assert request.user.is_authenticated
    return request.user
