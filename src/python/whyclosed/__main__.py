"""Runs the program: ``python -m whyclosed CAPTURE``."""

import os
import subprocess
import sys

from whyclosed import program
from whyclosed.errors import ProgramMissing


def main() -> int:
    """Becomes the program with the arguments of this one, and so with its output and exit code."""
    try:
        path = program.find()
    except ProgramMissing as error:
        print(error, file=sys.stderr)
        return 2
    arguments = [path, *sys.argv[1:]]
    if os.name == "posix":
        os.execv(path, arguments)
    return subprocess.call(arguments)


if __name__ == "__main__":
    sys.exit(main())
