"""The live worker: a Faust application that reads whole lanes and hands them to the projector."""
