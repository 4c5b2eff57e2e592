cdef class Calls:
    cdef public object _quick
    cdef public tuple _defaults
    cdef public tuple _last

    cdef tuple _resolved(self, dict given)
