"""Receive webhooks for a try, print the subscription, or write all products and orders."""

import argparse
import logging
import os
import sys
from wsgiref.simple_server import make_server

import httpx

from visrec_saleor import catalogue
from visrec_saleor.receiver import Receiver
from visrec_saleor.rest import Refused
from visrec_saleor.settings import SettingMissing, read_settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m visrec_saleor", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("subscription", help="print the query of the webhook")
    commands.add_parser("sync", help="write all products and orders of the channel; SALEOR_TOKEN is an app's token")
    serve = commands.add_parser("serve", help="receive webhooks; for more than a try: gunicorn visrec_saleor.wsgi")
    serve.add_argument("--port", type=int, default=8002)
    options = parser.parse_args()
    if options.command == "subscription":
        print(catalogue.subscription())
        return
    try:
        settings = read_settings(os.environ)
        if options.command == "sync":
            print(catalogue.sync(settings))
            return
    except (SettingMissing, Refused, catalogue.SaleorRefused, httpx.HTTPError) as error:
        sys.exit(str(error))
    logging.basicConfig()
    with make_server("127.0.0.1", options.port, Receiver(settings)) as server:
        print(f"Saleor's webhooks are received at http://127.0.0.1:{options.port}/ until Ctrl-C", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
