import httpx
import pytest
from visrec_client.retries import LONGEST_PAUSE, TRIES, RetryTransport

URL = "http://shop.example/"


class Service:
    """Answers with these one after another, and the last of them again and again."""

    def __init__(self, *answers: int | dict[str, str] | type[httpx.TransportError]) -> None:
        self.answers, self.bodies, self.pauses = list(answers), [], []
        transport = RetryTransport(httpx.MockTransport(self.answer), self.pauses.append)
        self.client = httpx.Client(transport=transport)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request.read())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, type):
            raise answer("broken")
        return httpx.Response(429, headers=answer) if isinstance(answer, dict) else httpx.Response(answer)


@pytest.mark.parametrize("answer", [429, 503, httpx.ConnectError, httpx.ConnectTimeout])
def test_what_was_not_done_is_sent_again_with_its_body(answer):
    service = Service(answer, answer, 200)

    assert service.client.post(URL, content=b"body").status_code == 200
    assert service.bodies == [b"body"] * 3
    assert 0.25 <= service.pauses[0] <= 0.75 < 1.5 >= service.pauses[1] >= 0.5


@pytest.mark.parametrize("answer", [502, 504, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_what_may_have_been_done_is_sent_again_where_it_does_no_harm(answer):
    assert Service(answer, 200).client.put(URL).status_code == 200

    service = Service(answer, 200)
    if isinstance(answer, int):
        assert service.client.post(URL).status_code == answer
    else:
        with pytest.raises(answer):
            service.client.post(URL)
    assert len(service.bodies) == 1


@pytest.mark.parametrize("answer", [200, 400, 401, 404, 409, 500])
def test_what_a_moment_does_not_heal_is_returned(answer):
    service = Service(answer)

    assert service.client.get(URL).status_code == answer
    assert service.pauses == []


def test_it_waits_as_long_as_it_is_asked_to_but_not_for_ever():
    service = Service({"Retry-After": "7"}, 200)
    assert (service.client.get(URL).status_code, service.pauses) == (200, [7.0])

    service = Service({"Retry-After": str(int(LONGEST_PAUSE) + 1)}, 200)
    assert (service.client.get(URL).status_code, service.pauses) == (429, [])


def test_it_gives_up_with_the_last_response():
    service = Service(503)

    assert service.client.get(URL).status_code == 503
    assert (len(service.bodies), len(service.pauses)) == (TRIES, TRIES - 1)
