"""One file a method, each beside its paper. `factory` makes them by name."""
