"""What a page that is one file may do: run the scripts that are its own, and fetch nothing."""

from __future__ import annotations

import base64
import hashlib

# Styles may stand in the page, as the drawings in it have theirs as attributes.
ALLOWED = ("default-src 'none'", "style-src 'unsafe-inline'", "img-src data:")
REFUSED = ("base-uri 'none'", "form-action 'none'")


def content_policy(*scripts: str) -> str:
    """The Content-Security-Policy of a page in which these scripts stand, and no others may run.

    Parameters
    ----------
    *scripts : str
        What stands between ``<script>`` and ``</script>``, to the last blank.

    References
    ----------
    W3C, Content Security Policy Level 3: https://www.w3.org/TR/CSP3/

    Examples
    --------
    >>> content_policy().split("; ")[0]
    "default-src 'none'"
    >>> "; script-src 'sha256-" in content_policy("start()")
    True
    """
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    sources = " ".join(f"'sha256-{digest}'" for digest in digests)
    return "; ".join((*ALLOWED, *([f"script-src {sources}"] if scripts else []), *REFUSED))
