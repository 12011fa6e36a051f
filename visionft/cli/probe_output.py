"""What a probe has found, on stdout."""

from visionft.cli.output import print_lines
from visionft.probing import ProbeResult, ProbeRow

_SHOWN = 5  # of labels and of pairs
_TITLES = ("backbone", "{score}", "95 % interval", "10 nearest", "params", "input", "ms", "licence")


def print_probe(found: ProbeResult) -> None:
    """Print the networks, the best first, and what the features of the best say of the data."""
    images = ", ".join(f"{count} {split}" for split, count in found.images.items())
    print_lines(f"{found.data}: {found.task}, {images} images", "")
    titles = tuple(title.format(score=found.score.title) for title in _TITLES)
    cells = [titles, *(_cells(row, found) for row in found.rows if not row.problem)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        numbers = "  ".join(f"{cell:>{width}}" for cell, width in zip(line[1:-1], widths[1:-1], strict=True))
        print_lines(f"{line[0]:<{widths[0]}}  {numbers}  {line[-1]}")
    print_lines(*(f"{row.backbone}: {row.problem}" for row in found.rows if row.problem))
    print_lines("", f"ms: {found.timed}")
    if any(row.ties for row in found.rows):
        print_lines("=: these images do not tell it from the best")
    print_lines("", *found.findings())
    for error in found.label_errors[:_SHOWN]:
        points = f" at {error.points} points" if error.points > 1 else ""
        print_lines(f"  {error.image}: {error.given}, looks like {error.found}{points}")
    if len(found.label_errors) > _SHOWN:
        print_lines(f"  and {len(found.label_errors) - _SHOWN} more: --json, or --out for the page")
    if found.page is not None:
        print_lines("", f"page  {found.page}")


def _cells(row: ProbeRow, found: ProbeResult) -> tuple[str, ...]:
    low, high = row.interval or (None, None)
    height, width = row.canvas or (0, 0)
    return (
        f"{row.short}{' =' if row.ties else ''}",
        found.write(row.score),
        f"{found.write(low)} to {found.write(high)}",
        found.write(row.neighbours),
        f"{(row.parameters or 0) / 1e6:.1f}M",
        f"{width}x{height}",
        "-" if row.milliseconds is None else f"{row.milliseconds:.1f}",
        row.licence,
    )
