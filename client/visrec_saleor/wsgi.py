"""The receiver with the settings of the environment, for any WSGI server."""

import os

from visrec_saleor.receiver import Receiver
from visrec_saleor.settings import read_settings

application = Receiver(read_settings(os.environ))
