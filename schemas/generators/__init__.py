"""One file for each thing that is generated from the catalogue; `python -m schemas.generate` writes them all."""
