"""Randomness as a pure function of names: no generator state is carried from step to step.

What a sample of an epoch looks like depends on (seed, epoch, sample id) alone, never on how many workers load
it, in which order, or whether the run was interrupted.
"""

from hashlib import blake2b, shake_128
from struct import unpack


def derive_seed(*parts: int | str) -> int:
    """Hash the parts into a 63-bit seed.

    Args:
        parts: what the randomness is for, such as ``(seed, "augment", epoch, sample_id)``.

    Returns:
        The same number for the same parts, on every machine and Python version.
    """
    return int.from_bytes(blake2b(_joined(parts), digest_size=8).digest(), "big") >> 1


def unit_interval(*parts: int | str) -> float:
    """Hash the parts into a number that is uniform in [0, 1)."""
    return (derive_seed(*parts) >> 10) / float(1 << 53)


def unit_intervals(number: int, *parts: int | str) -> tuple[float, ...]:
    """Hash the parts into several numbers that are uniform in [0, 1): quicker than one at a time.

    Args:
        number: how many; the first are the same, however many are asked for.
        parts: what the randomness is for.
    """
    digest = shake_128(_joined(parts)).digest(8 * number)
    return tuple((word >> 11) / float(1 << 53) for word in unpack(f">{number}Q", digest))


def _joined(parts: tuple[int | str, ...]) -> bytes:
    return "\x1f".join(f"{type(part).__name__}:{part}" for part in parts).encode(errors="surrogatepass")
