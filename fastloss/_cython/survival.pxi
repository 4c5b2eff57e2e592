# Losses of a whole batch that has an order. Included by engine.pyx.

import numpy as np


cdef class CoxKernel(CoreKernel):
    """Cox's partial likelihood. The samples are sorted once; everything else is one function of a level."""

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """As PointwiseKernel.run: Σw and the number are those of the events."""
        cdef int wanted = WANTED[call]
        cdef bint efron = own[0] == "efron"
        cdef CoxFunction function = (<const CoxEntry*>self.entry).function
        cdef double value = 0, divisor = 1
        pred, target, weight, _, grad, hess = operands
        cdef Py_ssize_t n = pred.size
        weights = np.ones(n) if weight is None else np.asarray(weight, np.float64).ravel()
        if not ((weights >= 0) & (weights < np.inf)).all():
            return 0.0, 0.0, 0, True
        times = np.asarray(target, np.float64).ravel()
        order = np.argsort(np.abs(times), kind="stable")
        cdef double[:, ::1] lines = np.empty((4, n))
        cdef double[:, ::1] group = np.empty((5, n))
        cdef double[:, ::1] derivatives = np.empty((2, n))
        lines.base[0] = np.asarray(pred, np.float64).ravel()[order]
        lines.base[1] = np.abs(times)[order]
        lines.base[2] = (times >= 0)[order]
        heaviest = weights.max(initial=0)
        # Only the ratio of weights counts among those at risk.
        unit = 1.0 if ordinary(heaviest) or heaviest == 0 else 2.0 ** -np.frexp(heaviest)[1]
        lines.base[3] = weights[order] * unit
        events = lines.base[2] * (lines.base[3] != 0)
        count, mass = int(events.sum()), float((events * lines.base[3]).sum())
        with nogil:
            if n > 0:
                function(&lines[0, 0], n, efron, &group[0, 0], &derivatives[0, 0], wanted & GRAD,
                              wanted & (HESS | BOUND), &value)
        value -= mass * np.log(unit)
        there = lines.base[3] != 0
        if np.isnan(lines.base[:2, there]).any():       # whose order is unknown
            value = np.nan
            derivatives.base[:, there] = np.nan
        divisor = {"sum": unit, "mean": mass, "batch_mean": count * unit}[reduction]
        for out, line in ((grad, 0), (hess, 1)):
            if out is not None:
                result = np.empty(n)
                result[order] = derivatives.base[line]
                out[...] = result.reshape(out.shape) / divisor + 0.0 if divisor else 0.0
        return (value / divisor if divisor else np.nan), mass / unit, count, False
