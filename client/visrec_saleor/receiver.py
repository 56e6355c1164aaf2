"""WSGI application that receives Saleor's webhooks: `gunicorn visrec_saleor.wsgi`, or `python -m visrec_saleor`."""

import json
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import httpx

from visrec_saleor.payloads import DELETED, ORDERS, PRODUCTS, Payload, product_in, product_row, purchases
from visrec_saleor.rest import Refused, VisRec
from visrec_saleor.settings import Settings
from visrec_saleor.signatures import Forged, Verifier

MAX_BYTES = 5_000_000  # of a body

log = logging.getLogger(__name__)


class Receiver:
    """WSGI application: 200 for what is written, 4xx for what never will be, 503 for what Saleor should send again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.verifier, self.visrec = Verifier(settings.saleor), VisRec(settings)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, text = self.answer(environ)
        if status != HTTPStatus.OK:
            log.warning("%s: %d %s", environ.get("HTTP_SALEOR_EVENT"), status, text)
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        return [text.encode()]

    def answer(self, environ: dict[str, Any]) -> tuple[HTTPStatus, str]:
        """Return the status of a request, and a reason."""
        if environ["REQUEST_METHOD"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED, "Saleor's webhooks are sent by POST"
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isdigit() or int(length) > MAX_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has a Content-Length of at most {MAX_BYTES:,} bytes"
        body = environ["wsgi.input"].read(int(length))
        try:
            self.verifier.verify(environ.get("HTTP_SALEOR_SIGNATURE", ""), body)
            self.take(environ.get("HTTP_SALEOR_EVENT", ""), json.loads(body))
        except Forged as error:
            return HTTPStatus.UNAUTHORIZED, str(error)
        except Refused as error:
            return HTTPStatus.UNPROCESSABLE_ENTITY, str(error)
        except (KeyError, TypeError, ValueError) as error:
            reason = f"the payload lacks {error}: use the subscription of `python -m visrec_saleor subscription`"
            return HTTPStatus.UNPROCESSABLE_ENTITY, reason
        except httpx.HTTPError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, f"VisRec: {error}"
        return HTTPStatus.OK, "written"

    def take(self, event: str, payload: Payload) -> None:
        """Write what an event says. Raises Refused, httpx.HTTPError, and KeyError for what it lacks."""
        if event == DELETED:
            self.visrec.write([], [product_in(payload)["id"]])
        elif event in PRODUCTS:
            product = product_in(payload)
            row = product_row(product, self.settings)
            self.visrec.write([row] if row else [], [] if row else [product["id"]])
        elif event in ORDERS:
            bought = purchases(payload["order"])
            if rejected := self.visrec.record(bought) if bought else []:
                raise Refused(f"events: {rejected}")
        else:
            raise Refused(f"nothing is done for the event {event!r}")
