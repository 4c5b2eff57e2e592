"""calls.py, compiled: the same calls, answered without a tuple or a dict of their arguments.

What is called by CPython's vectorcall protocol finds its arguments in an array. So long as each of them is an object that a kernel
may take as it is, and the loss's own keywords are the very objects of the call before, they go straight to the kernel; any others
go the way of calls.py.
"""

from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer

import sys

from fastloss._core.errors import too_many

cdef extern from "Python.h":
    ctypedef object (*ternary)(object self, object arguments, object keywords)
    ctypedef struct Type "PyTypeObject":
        unsigned long tp_flags
        Py_ssize_t tp_vectorcall_offset
        ternary tp_call
    const unsigned long Py_TPFLAGS_HAVE_VECTORCALL
    Py_ssize_t PyVectorcall_NARGS(size_t n)

# A kernel's `quick`, as engine.pyx hands it out.
ctypedef object (*Door)(object kernel, int call, object pred, object target, object weight, object reduction, object out, tuple own)

MISSING = object()              # an argument that was not given
UNCHANGING = (float, int, str, type(None))
# Without the interpreter's lock, what one thread remembers another might read half replaced.
REMEMBERS = bool(getattr(sys, "_is_gil_enabled", lambda: True)())
cdef str WEIGHT = sys.intern("sample_weight"), REDUCTION = sys.intern("reduction"), OUT = sys.intern("out"), USUAL = sys.intern("mean")


cdef class Calls:
    """A loss's calls; see calls.py."""
    cdef void* vectorcall
    cdef Door door                      # NULL: the kernel is no compiled one
    cdef object kernel
    cdef object quick
    cdef public tuple _defaults
    cdef public tuple _last

    def __cinit__(self):
        self.vectorcall = <void*>call_loss
        inherit(type(self))

    @property
    def _quick(self):
        return self.quick

    @_quick.setter
    def _quick(self, quick):
        self.quick = quick
        self.kernel = getattr(quick, "__self__", None)
        door = getattr(self.kernel, "door", None)
        self.door = NULL if door is None else <Door>PyCapsule_GetPointer(door, "fastloss.quick")

    def __call__(self, pred=MISSING, target=MISSING, *more, sample_weight=None, reduction="mean", out=None, **parameters):
        """The cost, a float; or the losses, an array, with ``reduction="none"``."""
        if more:
            raise too_many(self.name, ("pred", "target"), more)
        return self.asked(0, pred, target, sample_weight, reduction, out, parameters)

    cdef object asked(self, int call, pred, target, weight, reduction, out, dict parameters):
        """Any call, its keywords in a dict."""
        cdef tuple hyperparameters = self._resolved(parameters) if parameters else self._defaults
        result = self.quick(call, pred, target, weight, reduction, out, hyperparameters)
        if result is NotImplemented:
            return self._prepared(call, pred, target, weight, reduction, out, hyperparameters)
        return result

    cdef tuple _resolved(self, dict given):
        """The kernel's parameters. Objects that were given last time, and cannot have changed, are not checked again."""
        if self._last is not None:
            before, hyperparameters = self._last
            if len(before) == len(given):
                for name, value in given.items():
                    if name not in before or before[name] is not value:
                        break
                else:
                    return hyperparameters
        hyperparameters = self._checked(given)
        for value in given.values():
            if type(value) not in UNCHANGING:
                return hyperparameters
        if REMEMBERS:
            self._last = (given, hyperparameters)
        return hyperparameters

    def _checked(self, given):
        raise NotImplementedError

    def _prepared(self, call, pred, target, sample_weight, reduction, out, hyperparameters):
        raise NotImplementedError

    def _curved(self, curvature):
        raise NotImplementedError


cdef class Call:
    """Another of a loss's calls: a function but for its class, with a name, signature and docstring of its own."""
    cdef void* vectorcall
    cdef Calls loss
    cdef int call
    cdef dict __dict__
    cdef object __weakref__

    def __cinit__(self, Calls loss, int call):
        self.vectorcall = <void*>call_other
        self.loss, self.call = loss, call

    def __call__(self, pred=MISSING, target=MISSING, *more, sample_weight=None, reduction="mean", out=None, **parameters):
        cdef int call = self.call
        if more:
            raise too_many(self.loss.name, ("pred", "target"), more)
        if call == 3 and "curvature" in parameters:
            call = self.loss._curved(parameters.pop("curvature"))
        return self.loss.asked(call, pred, target, sample_weight, reduction, out, parameters)

    def __get__(self, instance, owner):
        return self                     # so that inspect and pydoc take it for a function

    def __repr__(self):
        return f"<function {self.__qualname__}>"

    def __reduce__(self):
        return self.__qualname__


def derivatives(loss):
    """The loss's other calls."""
    return tuple([Call(loss, call) for call in (1, 2, 3)])


cdef inline object answered(Calls loss, int call, PyObject** argument, Py_ssize_t n, PyObject* names):
    """What the kernel says; None if it was not asked."""
    cdef Py_ssize_t i, given = 0
    cdef PyObject* value
    cdef object weight = None, reduction = USUAL, out = None
    cdef tuple own = loss._defaults
    if loss.door is NULL or n != 2:
        return None
    if names is not NULL:
        for i in range(len(<tuple>names)):
            name = (<tuple>names)[i]
            value = argument[n + i]
            if name is OUT:
                out = <object>value
            elif name is WEIGHT:
                weight = <object>value
            elif name is REDUCTION:
                reduction = <object>value
            elif loss._last is None or PyDict_GetItem(<dict>loss._last[0], name) != value:
                return None
            else:
                given += 1
        if given > 0:
            if given != len(<dict>loss._last[0]):
                return None
            own = <tuple>loss._last[1]
    result = loss.door(loss.kernel, call, <object>argument[0], <object>argument[1], weight, reduction, out, own)
    if result is NotImplemented:
        return loss._prepared(call, <object>argument[0], <object>argument[1], weight, reduction, out, own)
    return result


cdef object called(object self, object kind, PyObject** argument, Py_ssize_t n, PyObject* names):
    """The way of any arguments: a tuple and a dict."""
    cdef Py_ssize_t i
    cdef tuple positional = tuple([<object>argument[i] for i in range(n)])
    cdef dict keywords = {}
    if names is not NULL:
        for i in range(len(<tuple>names)):
            keywords[(<tuple>names)[i]] = <object>argument[n + i]
    return (<Type*>kind).tp_call(self, positional, keywords)


cdef object call_loss(PyObject* self, PyObject** argument, size_t count, PyObject* names):
    cdef Py_ssize_t n = PyVectorcall_NARGS(count)
    result = answered(<Calls>self, 0, argument, n, names)
    return called(<object>self, Calls, argument, n, names) if result is None else result


cdef object call_other(PyObject* self, PyObject** argument, size_t count, PyObject* names):
    cdef Py_ssize_t n = PyVectorcall_NARGS(count)
    result = answered((<Call>self).loss, (<Call>self).call, argument, n, names)
    return called(<object>self, Call, argument, n, names) if result is None else result


cdef inherit(cls):
    """A class written in Python inherits where the pointer is, but before CPython 3.12 not that it is one."""
    if (<Type*>cls).tp_call == (<Type*>Calls).tp_call:
        (<Type*>cls).tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL


cdef offer(object kind, object some, void* pointer):
    """Say that a class is called by a pointer, and where its objects have it."""
    (<Type*>kind).tp_vectorcall_offset = <char*>pointer - <char*><void*>some
    (<Type*>kind).tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL


cdef Calls some = Calls.__new__(Calls)
cdef Call another = Call.__new__(Call, some, 0)
offer(Calls, some, &some.vectorcall)
offer(Call, another, &another.vectorcall)
