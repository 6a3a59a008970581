"""`normexp warmup`: kernels compiled ahead."""

from __future__ import annotations

from functools import partial

import click

from . import terminal
from .options import as_json


@click.command()
@as_json
def warmup(as_json: bool) -> None:
    """Compile the common kernels ahead, for processes to come.

    Where Numba compiles them, they are kept in the cache folder of the user, or in the one that
    NORMEXP_CACHE_DIR names, for this processor and these versions of normexp, Numba and Python.
    Which: every function, and every loss of logits with a target of class ids, in each type, with
    and without a mask.

    \b
    Example:
      normexp warmup
    """
    from ..kernels.cpu import library

    if library.forms():
        raise click.ClickException(
            "the kernels of this installation were compiled when it was built: "
            "there is nothing to compile"
        )
    from ..kernels.cpu.cache import folder
    from ..kernels.cpu.warmup import compile_all, types

    forms = list(compile_all(partial(terminal.track, "compiling")))
    compiled = sum(form.is_compiled for form in forms)
    facts = {
        "folder": str(folder()),
        "compiled": compiled,
        "loaded": len(forms) - compiled,
        "seconds": sum(form.seconds for form in forms),
        "kernels": [form._asdict() for form in forms],
    }
    if "bfloat16" not in types():
        terminal.note("left out: bfloat16, as ml_dtypes is not installed")
    if as_json:
        terminal.say_json(facts)
        return
    terminal.say(
        f"{len(forms)} kernels are in {facts['folder']}: {compiled} compiled now, "
        f"{facts['loaded']} there before. This took {facts['seconds']:.1f} s."
    )
