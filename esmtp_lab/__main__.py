"""``python -m esmtp_lab`` is ``esmtp-lab``."""

from esmtp_lab.cli import main

main()
