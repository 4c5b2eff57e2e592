"""The compiled kernels: views, formulas, loops, one engine. See CONTRIBUTING.md."""
