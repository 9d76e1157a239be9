from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from limpet.net.write_queue import JOIN, SLICE, WriteQueue


def pieces(queue: WriteQueue) -> list[bytes]:
    result = []
    while queue:
        result.append(bytes(queue.next_piece()))
    return result


@given(st.lists(st.integers(0, 3 * SLICE) | st.integers(0, 20), max_size=12))
def test_pieces_joined_are_what_was_written(sizes: list[int]) -> None:
    buffers = [bytes([i % 251]) * size for i, size in enumerate(sizes)]
    queue = WriteQueue()
    queue.extend(buffers)
    assert queue.size == sum(sizes)
    taken = pieces(queue)
    assert b"".join(taken) == b"".join(buffers)
    assert queue.size == 0
    assert all(0 < len(piece) <= SLICE for piece in taken)
    assert all(len(piece) >= JOIN for piece in taken[:-1])


def test_small_buffers_become_one_piece() -> None:
    queue = WriteQueue()
    queue.extend([b"header", b"", b"body"])
    assert pieces(queue) == [b"headerbody"]


def test_header_and_head_of_a_large_buffer_go_together_and_the_rest_is_not_copied() -> None:
    queue = WriteQueue()
    body = bytearray(3 * JOIN)
    queue.extend([b"12345678", body])
    assert len(queue.next_piece()) == JOIN
    rest = queue.next_piece()
    assert isinstance(rest, memoryview)
    assert rest.obj is body


def test_views_of_wider_items_count_in_bytes() -> None:
    queue = WriteQueue()
    queue.extend([memoryview(array("I", [1, 2, 3]))])
    assert queue.size == 12
    assert len(queue.next_piece()) == 12


def test_clear_forgets_everything() -> None:
    queue = WriteQueue()
    queue.extend([b"abc"])
    queue.clear()
    assert not queue
    assert queue.next_piece() == b""
