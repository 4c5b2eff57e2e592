"""The side-by-side: every loss beside its rivals and beside what the memory can do. Run by ``python -m fastloss bench``."""
