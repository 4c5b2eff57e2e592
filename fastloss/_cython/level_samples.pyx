"""A level's losses and functions of numbers, and how it loads and stores them: formulas and loops, put into tables for the engine.

Compiled once for each level (setup.py says which).
"""

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, int64_t

from .block cimport PointwiseFunction
# In this order: what others build upon comes first, or Cython leaves out its functions.
from .formulas.regression cimport (
    EpsilonInsensitive, Expectile, Mae, Mape, Mse, Msle, Quantile, Smape, SquaredEpsilonInsensitive, SquareTerm)
from .formulas.robust cimport Barron, Cauchy, Fair, GemanMcclure, Huber, LogCosh, PseudoHuber, TukeyBiweight, Welsch
from .formulas.margins cimport Exponential, Hinge, Logistic, ModifiedHuber, Perceptron, SquaredHinge
from .formulas.counts cimport (
    GammaDeviance, GammaNll, NegativeBinomialNll, PoissonDeviance, PoissonNll, TweedieDeviance, TweedieNll, TweedieOfRoots)
from .formulas.scores cimport (
    BinaryCrossEntropy, CrossEntropyTerm, SigmoidAsymmetric, SigmoidBrier, SigmoidCrossEntropy, SigmoidFocal)
from .formulas.ordered cimport OrdinalLogistic
from .formulas.functions cimport Exp, Expm1, Grow, Log, Log1m, Log1p, LogOne, LogSigmoid, Sigmoid, Softplus
from .formulas cimport boxes as box_formulas
from .formulas cimport outputs as likelihoods
from .formulas cimport statistics as roots
from .formulas.boxes cimport Box
from .formulas.outputs cimport TwoOutputs
from .formulas.statistics cimport Statistic
from .loops.floor cimport read, write
from .loops cimport counts, functions, margins, ordered, regression, robust, scores
from .loops.boxes cimport boxes
from .loops.outputs cimport two_outputs
from .loops.statistics cimport statistic
from .tables cimport Floor, Memory, pointwise_entry, room, special_case

cdef extern from "memory.h" nogil:
    void load_f(const char* x, Py_ssize_t step, int code, float* y, Py_ssize_t n) noexcept
    void load_d(const char* x, Py_ssize_t step, int code, double* y, Py_ssize_t n) noexcept
    void load_ids(const char* x, Py_ssize_t step, int code, int64_t* y, Py_ssize_t n) noexcept
    void store_f(const float* x, char* y, Py_ssize_t step, int code, Py_ssize_t n) noexcept
    void store_d(const double* x, char* y, Py_ssize_t step, int code, Py_ssize_t n) noexcept
    void collect_f(const char* x, Py_ssize_t row, Py_ssize_t step, float* y, Py_ssize_t n, Py_ssize_t classes,
                   Py_ssize_t padded) noexcept
    void collect_d(const char* x, Py_ssize_t row, Py_ssize_t step, double* y, Py_ssize_t n, Py_ssize_t classes,
                   Py_ssize_t padded) noexcept
    void gather_f(const float* x, const int32_t* table, float* y, Py_ssize_t n) noexcept
    void gather_d(const double* x, const int32_t* table, double* y, Py_ssize_t n) noexcept
    void stream_out(const void* x, char* y, Py_ssize_t size) noexcept
    void stream_fence() noexcept


cdef dict tables():
    """name -> capsule, of everything that this part of a level knows."""
    cdef dict known = {
        "memory": memory(),
        "floor": floor(),
        "mse": regression.entry(<const Mse*>NULL, False),
        "square_term": regression.entry(<const SquareTerm*>NULL, True, "term"),             # no loss by itself
        "mae": regression.entry(<const Mae*>NULL, False),
        "quantile": regression.entry(<const Quantile*>NULL, False),
        "expectile": regression.entry(<const Expectile*>NULL, False),
        "epsilon_insensitive": regression.entry(<const EpsilonInsensitive*>NULL, False),
        "squared_epsilon_insensitive": regression.entry(<const SquaredEpsilonInsensitive*>NULL, False),
        "msle": regression.entry(<const Msle*>NULL, True),
        "mape": regression.entry(<const Mape*>NULL, False),
        "smape": regression.entry(<const Smape*>NULL, False),
        "huber": robust.entry(<const Huber*>NULL, False),
        "pseudo_huber": robust.entry(<const PseudoHuber*>NULL, False),
        "log_cosh": robust.entry(<const LogCosh*>NULL, False),
        "fair": robust.entry(<const Fair*>NULL, False),
        "cauchy": robust.entry(<const Cauchy*>NULL, False),
        "tukey_biweight": robust.entry(<const TukeyBiweight*>NULL, False),
        "welsch": robust.entry(<const Welsch*>NULL, False),
        "geman_mcclure": robust.entry(<const GemanMcclure*>NULL, False),
        "barron": robust.entry(<const Barron*>NULL, False),
        "hinge": margins.entry(<const Hinge*>NULL, True),
        "squared_hinge": margins.entry(<const SquaredHinge*>NULL, True),
        "perceptron": margins.entry(<const Perceptron*>NULL, True),
        "logistic": margins.entry(<const Logistic*>NULL, True),
        "exponential": margins.entry(<const Exponential*>NULL, True),
        "modified_huber": margins.entry(<const ModifiedHuber*>NULL, True),
        "poisson_nll": counts.entry(<const PoissonNll*>NULL, True),
        "poisson_deviance": counts.entry(<const PoissonDeviance*>NULL, True),
        "gamma_nll": counts.entry(<const GammaNll*>NULL, True),
        "gamma_deviance": counts.entry(<const GammaDeviance*>NULL, True),
        "tweedie_nll": counts.entry(<const TweedieNll*>NULL, True),
        "tweedie_deviance": counts.entry(<const TweedieDeviance*>NULL, True),
        "tweedie_of_roots": counts.entry(<const TweedieOfRoots*>NULL, True, "case"),        # no loss by itself
        "negative_binomial_nll": counts.entry(<const NegativeBinomialNll*>NULL, True),
        "binary_cross_entropy": scores.entry(<const BinaryCrossEntropy*>NULL, True),
        "sigmoid_cross_entropy": scores.entry(<const SigmoidCrossEntropy*>NULL, True),
        "sigmoid_focal": scores.entry(<const SigmoidFocal*>NULL, True),
        "sigmoid_brier": scores.entry(<const SigmoidBrier*>NULL, True),
        "sigmoid_asymmetric": scores.entry(<const SigmoidAsymmetric*>NULL, True),
        "cross_entropy_term": scores.entry(<const CrossEntropyTerm*>NULL, True, "term"),    # no loss by itself
        "ordinal_logistic": ordered.entry(<const OrdinalLogistic*>NULL, True),
        "sigmoid": functions.entry(<const Sigmoid*>NULL, False),
        "log_sigmoid": functions.entry(<const LogSigmoid*>NULL, False),
        "softplus": functions.entry(<const Softplus*>NULL, False),
        "exp": functions.entry(<const Exp*>NULL, False),
        "grow": functions.entry(<const Grow*>NULL, False),
        "expm1": functions.entry(<const Expm1*>NULL, False),
        "log": functions.entry(<const Log*>NULL, False),
        "log1m": functions.entry(<const Log1m*>NULL, False),
        "log1p": functions.entry(<const Log1p*>NULL, False),
        "log_one": functions.entry(<const LogOne*>NULL, False),
        "gaussian_nll": outputs_entry(<const likelihoods.GaussianNll*>NULL),
        "laplace_nll": outputs_entry(<const likelihoods.LaplaceNll*>NULL),
        "crps_gaussian": outputs_entry(<const likelihoods.CrpsGaussian*>NULL),
        "iou": boxes_entry(<const box_formulas.Iou*>NULL),
        "giou": boxes_entry(<const box_formulas.Giou*>NULL),
        "diou": boxes_entry(<const box_formulas.Diou*>NULL),
        "ciou": boxes_entry(<const box_formulas.Ciou*>NULL),
        "rmse": statistic_entry(<const roots.RootMeanSquared*>NULL, False),
        "rmsle": statistic_entry(<const roots.RootMeanSquaredLog*>NULL, True),
    }
    special_case(known, "tweedie_deviance", 1, "poisson_deviance")
    special_case(known, "tweedie_deviance", 1.5, "tweedie_of_roots")
    special_case(known, "tweedie_deviance", 2, "gamma_deviance")
    special_case(known, "barron", 1, "pseudo_huber")
    return known


cdef inline object memory():
    cdef Memory* self = <Memory*>room(sizeof(Memory))
    self.load_f, self.load_d, self.load_ids = load_f, load_d, load_ids
    self.store_f, self.store_d = store_f, store_d
    self.collect_f, self.collect_d = collect_f, collect_d
    self.gather_f, self.gather_d = gather_f, gather_d
    self.stream_out, self.stream_fence = stream_out, stream_fence
    return PyCapsule_New(self, "memory", NULL)


cdef inline object floor():
    cdef Floor* self = <Floor*>room(sizeof(Floor))
    self.read, self.write = read, write
    return PyCapsule_New(self, "floor", NULL)


cdef inline object statistic_entry(const Statistic* tag, bint has_domain):
    return pointwise_entry(<PointwiseFunction>statistic[Statistic, float], <PointwiseFunction>statistic[Statistic, double], has_domain,
                           "statistic")


cdef inline object outputs_entry(const TwoOutputs* tag):
    return pointwise_entry(<PointwiseFunction>two_outputs[TwoOutputs, float], <PointwiseFunction>two_outputs[TwoOutputs, double], False,
                     "outputs")


cdef inline object boxes_entry(const Box* tag):
    return pointwise_entry(<PointwiseFunction>boxes[Box, float], <PointwiseFunction>boxes[Box, double], False, "boxes")


TABLES = tables()
