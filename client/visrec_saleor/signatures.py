"""Signatures of Saleor's webhooks: JWS by RS256, whose payload is the body of the request (RFC 7515, appendix F)."""

import jwt

SECONDS = 5  # for Saleor's keys


class Forged(Exception):
    """A request is not signed by the shop, or its signature cannot be checked; the message says why."""


class Verifier:
    """Checks signatures by the keys that a Saleor shop publishes, which are kept for some minutes."""

    def __init__(self, saleor: str) -> None:
        self.keys = jwt.PyJWKClient(f"{saleor}/.well-known/jwks.json", timeout=SECONDS)

    def verify(self, signature: str, body: bytes) -> None:
        """Raise Forged unless `signature` is the shop's of `body`."""
        try:
            key = self.keys.get_signing_key(jwt.get_unverified_header(signature).get("kid", ""))
            jwt.api_jws.decode(signature, key, algorithms=["RS256"], detached_payload=body)
        except jwt.PyJWTError as error:
            raise Forged(f"Saleor-Signature: {error}") from error
