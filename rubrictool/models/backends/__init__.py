"""One file per kind of model server, with what reads its answers."""
