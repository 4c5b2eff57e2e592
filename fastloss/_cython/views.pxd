"""Views of memory that the engine keeps alive: full typed memoryviews, made without an object and without a lock."""

from libc.stdint cimport int64_t

ctypedef fused real:
    float
    double

cdef extern from "views.h" nogil:
    const float[::1] _reading_f "VIEW"(const float* x, Py_ssize_t n)
    const double[::1] _reading_d "VIEW"(const double* x, Py_ssize_t n)
    float[::1] _writing_f "VIEW"(float* x, Py_ssize_t n)
    double[::1] _writing_d "VIEW"(double* x, Py_ssize_t n)
    const int64_t[::1] reading_ids "VIEW"(const int64_t* x, Py_ssize_t n)
    int64_t[::1] writing_ids "VIEW"(int64_t* x, Py_ssize_t n)
    const float[:, ::1] _reading_rows_f "VIEW_2D"(const float* x, Py_ssize_t m, Py_ssize_t n, Py_ssize_t row)
    const double[:, ::1] _reading_rows_d "VIEW_2D"(const double* x, Py_ssize_t m, Py_ssize_t n, Py_ssize_t row)
    float[:, ::1] _writing_rows_f "VIEW_2D"(float* x, Py_ssize_t m, Py_ssize_t n, Py_ssize_t row)
    double[:, ::1] _writing_rows_d "VIEW_2D"(double* x, Py_ssize_t m, Py_ssize_t n, Py_ssize_t row)


cdef inline const real[::1] reading(const real* x, Py_ssize_t n) noexcept nogil:
    if real is float:
        return _reading_f(x, n)
    else:
        return _reading_d(x, n)


cdef inline real[::1] writing(real* x, Py_ssize_t n) noexcept nogil:
    if real is float:
        return _writing_f(x, n)
    else:
        return _writing_d(x, n)


cdef inline const real[:, ::1] reading_rows(const real* x, Py_ssize_t m, Py_ssize_t n, Py_ssize_t row) noexcept nogil:
    """m rows of n numbers, `row` numbers from one row's beginning to the next one's."""
    if real is float:
        return _reading_rows_f(x, m, n, row)
    else:
        return _reading_rows_d(x, m, n, row)


cdef inline real[:, ::1] writing_rows(real* x, Py_ssize_t m, Py_ssize_t n, Py_ssize_t row) noexcept nogil:
    if real is float:
        return _writing_rows_f(x, m, n, row)
    else:
        return _writing_rows_d(x, m, n, row)
