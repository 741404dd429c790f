"""The command line: the very same program."""

import signal
import sys


def main() -> None:
    # The program handles its signals itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from thumbs._thumbs import main as program

    program(["thumbs", *sys.argv[1:]])


if __name__ == "__main__":
    main()
