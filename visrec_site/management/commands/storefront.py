import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from visrec_site.storefront import storefront


class Command(BaseCommand):
    help = "Serve visrec_site/storefront.html, a storefront at another origin than the shop's, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", default="http://127.0.0.1:8000", metavar="URL", help="the shop's origin")
        parser.add_argument("--port", type=int, default=8080, help="default: 8080")

    def handle(self, shop: str, port: int, **options: Any) -> None:
        for sign in (signal.SIGINT, signal.SIGTERM):  # also in the background of a shell, which ignores the former
            signal.signal(sign, signal.default_int_handler)
        try:
            with storefront(shop, port) as server:
                self.stdout.write(f"The storefront is open: http://127.0.0.1:{server.server_port}/")
                server.serve_forever()
        except OSError as error:
            raise CommandError(f"port {port}: {error.strerror}") from error
        except KeyboardInterrupt:
            self.stdout.write("The storefront is closed, and its key revoked.")
