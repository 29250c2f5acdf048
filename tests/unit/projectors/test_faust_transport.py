"""What was fetched, on its way to the views."""

from events.envelope import Record
from projectors.live.faust_transport import MAX_BUFFERED, RecordBuffer


def waiting(offset: int) -> Record:
    return Record("visits", 0, offset, 0, None, b"", ())


def test_the_inbox_gives_out_the_first_ones() -> None:
    inbox = RecordBuffer()
    inbox.add([waiting(0), waiting(1)])
    inbox.add([waiting(2)])
    assert ([waiting(0), waiting(1)], [waiting(2)], []) == (inbox.take(2), inbox.take(2), inbox.take(2))


def test_there_is_room_until_much_waits_and_again_when_it_was_taken() -> None:
    inbox = RecordBuffer()
    assert inbox.has_capacity.is_set()
    inbox.add([waiting(offset) for offset in range(MAX_BUFFERED)])
    assert not inbox.has_capacity.is_set()
    inbox.take(1)
    assert inbox.has_capacity.is_set()


def test_an_inbox_that_was_cleared_is_empty_and_has_room() -> None:
    inbox = RecordBuffer()
    inbox.add([waiting(offset) for offset in range(MAX_BUFFERED)])
    inbox.clear()
    assert (inbox.has_capacity.is_set(), inbox.take(1)) == (True, [])
