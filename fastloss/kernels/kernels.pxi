# The whole of a compiled kernel module. Every instruction-set level includes it and is compiled with flags of its own.

cimport numpy as cnp
from cpython.ref cimport PyObject

cnp.import_array()

include "arithmetic.pxi"
include "formulas.pxi"
include "loops.pxi"
include "rows.pxi"
include "interface.pxi"
include "bandwidth.pxi"
