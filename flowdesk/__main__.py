"""`flowdesk`, also as `python -m flowdesk`."""

from flowdesk.cli.root import main

if __name__ == "__main__":
    main()
