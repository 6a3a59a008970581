"""The contract's functions of parts, on NumPy arrays."""

import numpy as np

from ..contract import Array, Logits, Mass, Summary, Target
from .calls import arranged, count_of, over_elements, over_tiles, with_masses
from .entries import Entries, Entry
from .wide import WideTile, capped_loss, over_wide, rounded

parts = Entries("parts")

NO_RESULT: Array = np.empty((0, 0, 0))


def summarise(logits: Logits) -> Summary:
    count = count_of(logits.values)
    found = Summary(np.full(count, -np.inf), np.full(count, -1.0), logits.temperature)
    if logits.softcap is not None:

        def work(tile: WideTile) -> None:
            found.top[tile.rows], found.rest[tile.rows], _ = summarise(tile.logits)

        over_wide(logits, work)
    elif logits.values.size:
        over_tiles(parts.summarise, logits, NO_RESULT, found.top, found.rest)
    return found


def flat(*numbers: Array) -> list[Array]:
    """Numbers for each row as the kernels read them, one behind the other."""
    return [np.ascontiguousarray(of_rows, np.float64) for of_rows in numbers]


def merge(a: Summary, b: Summary) -> Summary:
    found = Summary(np.empty(len(a.top)), np.empty(len(a.top)), a.temperature)
    over_elements(parts.merge, *flat(*a[:2], *b[:2]), *found[:2], temperature=a.temperature)
    return found


@np.errstate(divide="ignore", invalid="ignore")
def logsumexp_of(summary: Summary) -> Array:
    return np.asarray(summary.top / summary.temperature + np.log1p(summary.rest))


def probabilities(logits: Logits, summary: Summary, out: Array | None = None) -> Array:
    return of_part_and_whole(parts.probabilities, logits, summary, out)


def log_probabilities(logits: Logits, summary: Summary, out: Array | None = None) -> Array:
    return of_part_and_whole(parts.log_probabilities, logits, summary, out)


def of_part_and_whole(kernel: Entry, logits: Logits, summary: Summary, out: Array | None) -> Array:
    """Run a kernel that takes a part of the logits and the summary of the whole row."""
    out = np.empty_like(logits.values) if out is None else out
    if logits.softcap is not None:

        def of_tile(tile: WideTile) -> Array:
            return of_part_and_whole(kernel, tile.logits, summary.rows(tile.rows), None)

        return rounded(of_tile, logits, out)
    result = arranged(out)
    over_tiles(kernel, logits, result, *flat(*summary[:2]), result)
    return out


def target_mass(logits: Logits, target: Target, first: int = 0) -> Mass:
    count = count_of(logits.values)
    found = Mass(np.zeros(count), np.zeros(count))
    if logits.values.size:
        its = of_part(target, logits.values, first)
        if its.classes.ndim == 1 and not its.class_weight.size and not logits.where.size:
            return mass_of_ids(its, logits.values.shape[1])
        coefficients = its.classes, its.weight, its.smoothing, its.class_weight
        over_tiles(
            parts.target_mass,
            logits,
            NO_RESULT,
            *coefficients,
            *found,
            kind=its.classes.dtype.char,
        )
    return found


def mass_of_ids(target: Target, classes: int) -> Mass:
    """Of class ids, where all classes count alike: they need not be looked at."""
    each = target.smoothing if target.smoothing.size else 0.0
    top = np.where(target.classes >= 0, target.weight, 0.0) + each
    return Mass(top, np.full(len(top), (classes - 1) * each))


def merge_masses(a: Mass, b: Mass) -> Mass:
    return Mass(np.maximum(a.top, b.top), a.rest + b.rest + np.minimum(a.top, b.top))


def cross_entropy_of_part(
    logits: Logits,
    target: Target,
    summary: Summary,
    mass: Mass,
    first: int = 0,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    if logits.softcap is not None:

        def compute(tile: WideTile, loss: Array, grad: Array) -> None:
            of_rows = summary.rows(tile.rows), mass.rows(tile.rows)
            cross_entropy_of_part(tile.logits, tile.target(target), *of_rows, first, loss, grad)

        return capped_loss(compute, logits, loss, grad)
    loss = np.empty(count_of(logits.values)) if loss is None else loss
    grad = np.empty_like(logits.values) if grad is None else grad
    result = arranged(grad)
    its = of_part(target, logits.values, first)
    over_tiles(
        parts.cross_entropy,
        logits,
        result,
        *its,
        counting(target, summary),
        *flat(*summary[:2], *mass),
        first == 0 and logits.values.shape[1] > 0,
        loss,
        result,
        kind=its.classes.dtype.char,
    )
    return loss, grad


def of_part(target: Target, logits: Array, first: int) -> Target:
    """The target as a part with these logits sees it: −1 for a class id outside of it."""
    classes = logits.shape[1]
    class_weight = target.class_weight[first : first + classes]
    weight, smoothing, norm = flat(target.weight, target.smoothing, target.norm)
    target = Target(target.classes, weight, smoothing, norm, class_weight)
    if target.classes.ndim > 1:
        return with_masses(target, logits)
    ids = target.classes - first
    ids = np.where((ids >= 0) & (ids < classes) & (target.classes >= 0), ids, -1)
    return target._replace(classes=ids)


def counting(target: Target, summary: Summary) -> Array:
    """1 for each row that counts, 0 for one that is left out whatever it holds."""
    weight = target.weight
    counts = np.full(len(weight), True)
    if target.classes.ndim == 1:
        counts = target.classes >= 0
        if target.class_weight.size:
            weight = weight * target.class_weight[np.where(counts, target.classes, 0)]
    some = weight != 0
    for coefficient in (target.smoothing, target.norm):
        if coefficient.size:
            some = some | (coefficient != 0)
    return np.where(counts & some & (summary.rest != -1), 1.0, 0.0)
