#!/usr/bin/env python3
"""Takes the pictures of the README: the terminal report and the HTML page of one fixture, in Chromium.

    cargo build --release && tests/browser/pictures.py

Writes fixtures/pictures/terminal.png and page.png. Needs chromium; python3 alone otherwise.
"""

import html
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/release/whyclosed"
CAPTURE = ROOT / "fixtures/invalid_utf8/capture.pcapng"
PICTURES = ROOT / "fixtures/pictures"
COLUMNS = 92

# The colours of a dark terminal, by SGR parameter.
COLORS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea"}
STYLES = {"1": "font-weight:bold", "2": "opacity:.65", "3": "font-style:italic", "4": "text-decoration:underline"}

TERMINAL = """<!doctype html><meta charset=utf-8><style>
body {{ margin: 0; background: #0d1117; color: #e6edf3 }}
pre {{ margin: 0; padding: 18px 22px; font: 15px/1.35 'DejaVu Sans Mono', monospace; width: max-content }}
</style><pre>{}</pre>"""


def spans(text):
    """HTML of a text with SGR escape sequences."""
    out, depth = [], 0
    for plain, parameters in re.findall(r"([^\x1b]*)(?:\x1b\[([\d;]*)m|$)", text):
        out.append(html.escape(plain))
        for parameter in (parameters or "").split(";"):
            if parameter in ("", "0"):
                out.append("</span>" * depth if parameter == "0" or parameters == "" else "")
                depth = 0 if parameter == "0" else depth
                continue
            style = STYLES.get(parameter) or f"color:{COLORS.get(str(int(parameter) - 60 if int(parameter) > 89 else parameter), 'inherit')}"
            out.append(f'<span style="{style}">')
            depth += 1
    return "".join(out) + "</span>" * depth


def picture(page, to, width, height):
    """Takes a picture of a page, at one and a half times the resolution."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    rights = ["--no-sandbox"] if os.geteuid() == 0 else []
    subprocess.run(
        [chromium, "--headless", *rights, "--hide-scrollbars", "--force-device-scale-factor=1.5", "--disable-gpu",
         f"--window-size={width},{height}", f"--screenshot={to}", page.as_uri()],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


def main():
    PICTURES.mkdir(exist_ok=True)
    report = [PROGRAM, "trace.pcapng"]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        shutil.copy(CAPTURE, folder / "trace.pcapng")
        text = subprocess.run(
            [*report, "--color", "always"], cwd=folder, env={**os.environ, "COLUMNS": str(COLUMNS)},
            capture_output=True, text=True, check=True).stdout
        terminal = folder / "terminal.html"
        terminal.write_text(TERMINAL.format("$ whyclosed trace.pcapng\n" + spans(text.rstrip())))
        picture(terminal, PICTURES / "terminal.png", 880, round(20.25 * (text.rstrip().count("\n") + 2)) + 40)
        page = folder / "page.html"
        subprocess.run([*report, "--format", "html", "-o", page], cwd=folder, check=True)
        picture(page, PICTURES / "page.png", 1120, 1000)


if __name__ == "__main__":
    main()
