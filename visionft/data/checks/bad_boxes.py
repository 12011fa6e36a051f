"""What was found about objects: rare defects are told one by one, many with the same in one line."""

from collections import defaultdict
from collections.abc import Iterable

from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.data.targets.raw import Finding
from visionft.errors import DataError

_DETAILED = 3
_FAILED_SHOWN = 20


def tell_findings(findings: Iterable[Finding]) -> list[Problem]:
    """Return what was found, and what became of it, in words."""
    by_kind: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_kind[finding.noun, finding.kind, finding.outcome].append(finding)
    problems = []
    for (noun, kind, outcome), found in by_kind.items():
        if len(found) <= _DETAILED:
            problems += [Problem(finding.where, f"{finding}; {outcome}") for finding in found]
        else:
            shown = some((f"{finding.where}: {finding.item.rstrip(',')}" for finding in found), _DETAILED)
            problems.append(Problem(f"{len(found)} {noun}", f"each {kind}; {outcome}: {shown}"))
    return problems


def refuse_bad(findings: Iterable[Finding], where: str) -> None:
    """Raise for boxes that cannot be learned, if there are any.

    Raises:
        DataError: naming the first of them.
    """
    bad = [finding for finding in findings if finding.bad]
    if not bad:
        return
    lines = [f"{finding.where}: {finding}; fix it, or set data.on_bad_box: drop" for finding in bad[:_FAILED_SHOWN]]
    more = [f"and {len(bad) - _FAILED_SHOWN} more"] if len(bad) > _FAILED_SHOWN else []
    raise DataError("\n".join([f"{where}: {len(bad)} bad boxes", *lines, *more]))
