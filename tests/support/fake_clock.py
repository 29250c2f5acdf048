"""A clock that stands until a test moves it: a busy machine is not to be taken for time that matters."""


class FakeClock:
    """In place of a module's `time`; `now` is in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now
