"""The way of a call: definitions, arguments and errors, kernels and the passes over a batch."""
