"""Finds the program ``whyclosed``, which the wheel installs beside the interpreter."""

import os
import shutil
import sysconfig
from pathlib import Path

from whyclosed.errors import ProgramMissing

#: Names another program than the installed one.
VARIABLE = "WHYCLOSED_PROGRAM"

_NAME = "whyclosed" + (sysconfig.get_config_var("EXE") or "")


def find() -> str:
    """Returns the path of the program.

    The variable ``WHYCLOSED_PROGRAM`` comes first, then the folders into which pip installs programs, then ``PATH``.

    Raises:
        ProgramMissing: if it is in none of these places.
    """
    if named := os.environ.get(VARIABLE):
        return named
    schemes = [sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")]
    folders = [sysconfig.get_path("scripts", scheme) for scheme in schemes]
    for folder in folders:
        candidate = Path(folder, _NAME)
        if candidate.is_file():
            return str(candidate)
    # Installed with `pip --target`: the programs are beside the packages.
    beside = Path(__file__).parent.parent / "bin" / _NAME
    if beside.is_file():
        return str(beside)
    if found := shutil.which(_NAME):
        return found
    raise ProgramMissing(f"{_NAME} is not in {', '.join(folders)}, nor on PATH; {VARIABLE} can name it")
