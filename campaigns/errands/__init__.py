"""What jobs do, one function a kind: each makes exactly the document, or the file, that a direct answer has.

The web does a small one in a thread of its own, `workers.jobs` a large one in a process of its own. Any of them may be
done twice, because a process may die in it: then the second time finds what the first one did.

lists      a list is fetched and read; its unusable lines
plans      a campaign recognised, submitted, planned, previewed, launched
exports    reports, results and remainders
fetch      a list from a URL
"""

from collections.abc import Callable, Mapping
from typing import Any

from campaigns.errands import exports, lists, plans
from campaigns.errands.bench import Bench, Made
from schemas.job import JobKind

__all__ = ["Bench", "Made", "do"]

_WORK: Mapping[JobKind, Callable[[Bench, Mapping[str, Any]], Made]] = {
    JobKind.LIST: lists.read,
    JobKind.REJECTS: lists.rejects,
    JobKind.MEET: plans.meet,
    JobKind.SUBMIT: plans.submit,
    JobKind.PLAN: plans.plan,
    JobKind.LAUNCH: plans.launch,
    JobKind.PREVIEW: plans.preview,
    JobKind.SKIPPED: plans.skipped,
    JobKind.SENDINGS: plans.sendings,
    JobKind.REPORT: exports.report,
    JobKind.PAGE: exports.page,
    JobKind.RESULTS: exports.results,
    JobKind.REMAINDER: exports.remainder,
}


def do(bench: Bench, kind: JobKind, arguments: Mapping[str, Any]) -> Made:
    """Do what somebody asked for; raises PagecastError where it cannot be done."""
    return _WORK[kind](bench, arguments)
