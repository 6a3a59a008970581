"""What the build of a wheel does beside copying files: it puts the explorer page together."""

from __future__ import annotations

import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXPLORER = Path("src/normexp/explorer")


class Explorer(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the page, but not to an editable install: that puts it together when asked."""
        self.folder = tempfile.TemporaryDirectory()
        if version != "editable":
            # Run, not imported: importing normexp takes NumPy, and the build has none.
            assemble = runpy.run_path(str(Path(self.root, EXPLORER, "assemble.py")))["assemble"]
            file = Path(self.folder.name, "explorer.html")
            file.write_text(assemble(), encoding="utf-8")
            build_data["force_include"][str(file)] = str(EXPLORER.relative_to("src") / file.name)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self.folder.cleanup()
