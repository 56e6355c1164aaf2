"""Permissions: each view states in `rules` who may call each of its methods; whoever is not named may not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from catalog.visitors import is_permitted_staff
from recommender.access.keys import key_of
from recommender.access.models import ApiKey, KeyKind
from recommender.access.scopes import scopes_with

if TYPE_CHECKING:  # DRF loads the permissions while it defines APIView
    from rest_framework.views import APIView


@dataclass(frozen=True)
class Rule:
    """Callers that may call a method of a view. The view itself checks whose data they reach.

    permissions: Django's, any of which lets staff call it, as in the admin, and a secret key that has it by a scope.
    """

    permissions: tuple[str, ...] = ()
    guests: bool = False  # everybody without credentials, with an account or with a publishable key
    accounts: bool = False  # each account


PUBLIC = Rule(guests=True)  # and for secret keys of any scope
# Recommendations from what is in the request alone.
STATELESS = Rule(guests=True, permissions=("catalog.view_product", "catalog.view_shopper"))


class MayCall(BasePermission):
    """Permission by the rules of the view, Django REST framework's default here."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        rule = rule_of(view, request.method)
        if rule is None:
            return not hasattr(view, (request.method or "").lower())  # 405 for a method that the view does not have
        self.message = reason_against(rule, key_of(request))
        return may(request, rule)


def may(request: Request, rule: Rule) -> bool:
    """Return whether the caller may do what has this rule."""
    key = key_of(request)
    if rule.guests and not (key and key.kind == KeyKind.SECRET):
        return True
    if rule == PUBLIC or (rule.accounts and request.user.is_authenticated):
        return True
    return is_granted(request, *rule.permissions)


def rule_of(view: "APIView", method: str | None) -> Rule | None:
    """Return the rule of a view for a method; None if it states none."""
    if method == "OPTIONS":
        return PUBLIC
    rules: dict[str, Rule] = getattr(view, "rules", {})
    return rules.get("GET" if method == "HEAD" else method or "")


def reason_against(rule: Rule, key: ApiKey | None) -> str:
    """Return what a caller with this key, or with an account, lacks by a rule."""
    if key is None:
        return f"This needs the permission {' or '.join(rule.permissions)}."
    if not rule.permissions:
        return "This is for accounts, not for keys."
    if not (scopes := scopes_with(*rule.permissions)):
        return "This is for staff with the permission in the admin, not for keys."
    return f"This needs a secret key with the scope {' or '.join(scopes)}."


def is_granted(request: Request, *permissions: str) -> bool:
    """Return whether the caller has any of Django's permissions, with which staff and keys reach everybody's data."""
    key = key_of(request)
    if key:
        return any(key.has_perm(permission) for permission in permissions)
    return any(is_permitted_staff(request.user, permission) for permission in permissions)


def account_of(request: Request) -> User | None:
    """Return the account of a request; None for a key and for a guest."""
    return request.user if request.user.is_authenticated else None
