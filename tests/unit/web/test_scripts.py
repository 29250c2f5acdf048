"""What the pages' own scripts may not do."""

import re

from web.assets import FOLDER

FORBIDDEN = re.compile(
    r"""postMessage|onmessage|addEventListener\(\s*["']message|\beval\(|new Function|document\.write"""
    r"""|insertAdjacentHTML|(inner|outer)HTML\s*\+?=[^=]|set(Timeout|Interval)\(\s*["'`]"""
)


def test_our_scripts_listen_to_nobody_and_run_no_text() -> None:
    """No message of another window is heard, no text becomes markup or code."""
    scripts = sorted(FOLDER.glob("**/*.js"))
    ours = [path for path in scripts if ".min." not in path.name]

    assert ours
    assert [(path.name, FORBIDDEN.findall(path.read_text("utf-8"))) for path in ours] == [
        (path.name, []) for path in ours
    ]
