"""Scopes of secret keys: each is a name for some of Django's permissions."""

SCOPES: dict[str, frozenset[str]] = {
    "catalogue:read": frozenset({"catalog.view_product"}),
    "catalogue:write": frozenset(
        {
            "catalog.view_product",
            "catalog.add_product",
            "catalog.change_product",
            "catalog.delete_product",
            "catalog.add_category",
        }
    ),
    "events:write": frozenset({"catalog.add_interaction"}),
    "recommendations:read": frozenset({"catalog.view_shopper"}),
    "people:read": frozenset({"catalog.view_interaction"}),
    "people:write": frozenset({"catalog.change_shopper", "catalog.delete_interaction"}),
    "models:read": frozenset({"recommender.view_modelversion"}),
    "models:write": frozenset(
        {
            "recommender.view_modelversion",
            "recommender.add_modelversion",
            "recommender.change_modelversion",
            "recommender.delete_modelversion",
            "recommender.activate_modelversion",
        }
    ),
    "designs": frozenset(
        {
            "recommender.view_design",
            "recommender.add_design",
            "recommender.change_design",
            "recommender.delete_design",
        }
    ),
}


def permissions_of(scopes: list[str]) -> frozenset[str]:
    """Return the permissions of all these scopes."""
    return frozenset().union(*(SCOPES[scope] for scope in scopes))


def scopes_with(*permissions: str) -> list[str]:
    """Return the scopes that have any of the permissions."""
    return [scope for scope, names in SCOPES.items() if names & set(permissions)]
