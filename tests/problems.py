"""A check of problem documents, for the tests of the API and of the site's error handlers."""


def assert_problem(response, status: int, detail: str) -> None:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    payload = response.json()
    assert list(payload) == ["type", "title", "status", "detail", "errors"]
    assert (payload["type"], payload["status"]) == ("about:blank", status)
    assert detail in payload["detail"]
    assert response.headers["X-Request-ID"]
