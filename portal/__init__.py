"""The command line, the settings and the processes: the one room that knows all the others."""
