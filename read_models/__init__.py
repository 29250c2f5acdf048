"""Read models: the documents, the pure folds that make them from events, and their store.

A read model is a module: its document, `evolve`, what it adds to its parents. `project.fold` knows which events
concern which documents. Folds do no I/O and read no clock.
"""
