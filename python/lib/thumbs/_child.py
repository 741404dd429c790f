"""Runs a program that ends with its parent: ``_child.py PARENT PROGRAM [ARGUMENT]...``.

The kernel sends SIGTERM to the program when the parent's thread that started it is gone, even by SIGKILL. A process asks for this
itself, since a parent with threads can run nothing between fork and exec. The wish survives exec.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *words = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    # The parent may have ended before the wish.
    if os.getppid() != int(parent):
        sys.exit(128 + signal.SIGTERM)
    try:
        os.execvp(words[0], words)
    except OSError as error:
        sys.exit(f"{words[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
