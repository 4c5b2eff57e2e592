"""The compiled kernels, one module for each instruction-set level; nothing here is public."""
