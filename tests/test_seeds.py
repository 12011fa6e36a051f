from hashlib import blake2b, shake_128

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.seeds import derive_seed, unit_interval, unit_intervals

parts = st.lists(st.one_of(st.integers(), st.text(st.characters(exclude_characters="\x1f"))), min_size=1, max_size=4)


@given(parts)
def test_seeds_are_63_bit_numbers_and_intervals_half_open(given_parts):
    assert 0 <= derive_seed(*given_parts) < 1 << 63
    assert 0.0 <= unit_interval(*given_parts) < 1.0


@given(parts, parts)
def test_different_parts_give_different_seeds(left, right):
    assert (derive_seed(*left) == derive_seed(*right)) == (left == right)


def test_a_number_is_not_its_text_and_parts_do_not_run_together():
    assert len({derive_seed(1), derive_seed("1"), derive_seed("1", ""), derive_seed("", "1")}) == 4
    assert derive_seed("ab", "c") != derive_seed("a", "bc")


def test_names_that_are_no_utf8_have_seeds_too():
    """Python gives the bytes of such file names as lone surrogates."""
    assert derive_seed("a\udcff.png") != derive_seed("a\udcfe.png")


def test_the_seed_is_the_hash_it_says_it_is():
    digest = blake2b(b"int:7\x1fstr:shuffle\x1fint:0", digest_size=8).digest()
    assert derive_seed(7, "shuffle", 0) == int.from_bytes(digest, "big") // 2


def test_the_interval_is_filled_evenly():
    values = [unit_interval("even", number) for number in range(20_000)]
    tenths = [sum(tenth <= 10 * value < tenth + 1 for value in values) for tenth in range(10)]
    assert all(abs(count - 2000) < 200 for count in tenths)


def test_several_numbers_at_once():
    numbers = unit_intervals(2000, 7, "draw")
    assert numbers[:3] == unit_intervals(3, 7, "draw")
    words = shake_128(b"int:7\x1fstr:draw").digest(24)
    assert numbers[:3] == tuple((int.from_bytes(words[at : at + 8], "big") >> 11) / 2**53 for at in (0, 8, 16))
    assert unit_intervals(3, 8, "draw") != numbers[:3]
    assert 0 <= min(numbers) < 0.01
    assert 0.99 < max(numbers) < 1
    assert sum(numbers) / 2000 == pytest.approx(0.5, abs=0.03)
