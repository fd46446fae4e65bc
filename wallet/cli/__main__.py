"""``python -m wallet.cli``: the ``vostro`` command."""

from wallet.cli.main import main

main()
