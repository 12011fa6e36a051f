"""Batches that a thread makes ahead of whoever takes them."""

import threading

import pytest

from visionft.loading.ahead import ahead


def test_order_is_kept_and_the_next_is_made_while_one_is_used():
    made, beyond = [], threading.Event()

    def items():
        for number in range(5):
            made.append((number, threading.current_thread() is threading.main_thread()))
            if number == 1:
                beyond.set()
            yield number

    taken = []
    for number in ahead(items()):
        if number == 0:
            assert beyond.wait(10)
        taken.append(number)
    assert taken == [0, 1, 2, 3, 4]
    assert made == [(number, False) for number in range(5)]


def test_what_fails_fails_in_its_place():
    def items():
        yield 1
        raise OSError("gone")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(OSError, match="gone"):
        next(coming)
