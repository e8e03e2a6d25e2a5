# skip two
