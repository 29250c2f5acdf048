"""How events reach documents, and how operators watch and steer it."""
