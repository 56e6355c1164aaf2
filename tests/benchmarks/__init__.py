"""`make bench`: what the shop can do on this machine. Prints tables and writes var/bench/*.json."""
