"""What the portal shows: the documents, the pure folds that keep them, and the store they lie in.

A read model is a module: its document, `evolve`, what it adds to its parents. `project.fold` knows which events
concern which documents. Folds do no I/O and read no clock.
"""
