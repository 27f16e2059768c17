"""What can go wrong, in the program's own words."""


class WhyclosedError(Exception):
    """The program failed. The message is what it printed on standard error."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        #: The program's exit code; ``None`` if it did not run.
        self.code = code

    def __reduce__(self) -> tuple[type["WhyclosedError"], tuple[str, int | None]]:
        # Spark sends exceptions from one process to another.
        return type(self), (str(self), self.code)


class ProgramMissing(WhyclosedError):
    """The program is not installed beside this package, nor on ``PATH``."""


class CaptureWarning(UserWarning):
    """Some captures were damaged or could not be read; the others were."""
