"""LLVM's part: modules of forms as one object for each kind of processor.

What forms share is in each of their modules under the same name, so that linked together it is
there once. Only the entries keep their names: what else is not reached from them then goes.
"""

import os
import platform
from pathlib import Path
from typing import NamedTuple

from llvmlite import binding as llvm


class Processor(NamedTuple):
    """Whom code is for, as LLVM and as the library call it."""

    cpu: str
    name: str


# The best first, which the library takes if the processor can do it.
PROCESSORS = {
    "x86_64": (Processor("x86-64-v4", "v4"), Processor("x86-64-v3", "v3")),
    "arm64": (Processor("generic", "arm"),),
}
MACHINES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}

# What kernels may call that every system has.
LINKED = {"exp", "log", "log1p", "pow", "memcpy", "memmove", "memset"}

CHOICE = "NORMEXP_PROCESSORS"  # "all", "native": the best that this machine can do, or "none"


def processors() -> tuple[Processor, ...]:
    """Whom to compile for: what the environment asks for, among what this machine is a kind of."""
    known = PROCESSORS.get(MACHINES.get(platform.machine(), ""), ())
    asked = os.environ.get(CHOICE, "all")
    if asked not in ("all", "native", "none"):
        raise ValueError(f"{CHOICE} must be 'all', 'native' or 'none', got {asked!r}")
    if asked == "none":
        return ()
    if asked == "native" and len(known) > 1:
        return known[:1] if llvm.get_host_cpu_features().get("avx512vl") else known[1:]
    return known


def objects(
    modules: dict[str, tuple[str, str]], chosen: tuple[Processor, ...], folder: Path, name: str
) -> list[Path]:
    """Write the modules (by the symbol that their entry shall have) as an object for each."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    written = []
    for processor in chosen:
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=processor.cpu, opt=3, reloc="pic", codemodel="default"
        )
        whole = llvm.parse_assembly("")
        whole.triple, whole.data_layout = machine.triple, str(machine.target_data)
        entries = {}
        for symbol, (code, entry) in modules.items():
            module = llvm.parse_assembly(code)
            module.triple, module.data_layout = whole.triple, whole.data_layout
            named = f"{symbol}_{processor.name}"
            module.get_function(entry).name = named
            entries[named] = entry
            whole.link_in(module)
        for thing in (*whole.functions, *whole.global_variables):
            if not thing.is_declaration and thing.name not in entries and not is_llvms(thing.name):
                thing.linkage = "internal"
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization, options.slp_vectorization = True, False
        passes = llvm.create_pass_builder(machine, options)
        passes.getModulePassManager().run(whole, passes)
        foreign = {f.name for f in whole.functions if f.is_declaration and not is_llvms(f.name)}
        if foreign - LINKED:
            raise ValueError(f"compiled kernels call what is nowhere: {sorted(foreign - LINKED)}")
        path = folder / f"{name}{processor.name}.o"
        path.write_bytes(machine.emit_object(whole))
        written.append(path)
    return written


def is_llvms(name: str) -> bool:
    return name.startswith("llvm.")
