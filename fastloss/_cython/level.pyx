"""What a level is made of: formulas and loops, put into tables for the engine. Compiled once for each level (setup.py says which)."""

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, int64_t

from .block cimport CtcFunction, GroupFunction, PairFunction, PointwiseFunction, SimilarityFunction, TripletFunction
# In this order: what others build upon comes first, or Cython leaves out its functions.
from .formulas.regression cimport EpsilonInsensitive, Expectile, Mae, Mape, Mse, Msle, Quantile, Smape, SquaredEpsilonInsensitive
from .formulas.robust cimport Barron, Cauchy, Fair, GemanMcclure, Huber, LogCosh, PseudoHuber, TukeyBiweight, Welsch
from .formulas.margins cimport Exponential, Hinge, Logistic, ModifiedHuber, Perceptron, SquaredHinge
from .formulas.counts cimport (
    GammaDeviance, GammaNll, NegativeBinomialNll, PoissonDeviance, PoissonNll, TweedieDeviance, TweedieNll, TweedieOfRoots)
from .formulas.scores cimport (
    BinaryCrossEntropy, CrossEntropyTerm, SigmoidAsymmetric, SigmoidBrier, SigmoidCrossEntropy, SigmoidFocal)
from .formulas.ordered cimport OrdinalLogistic
from .formulas.functions cimport Exp, Expm1, Grow, Log, Log1m, Log1p, LogOne, LogSigmoid, Sigmoid, Softplus
from .formulas cimport statistics as roots
from .formulas cimport outputs as likelihoods
from .formulas cimport boxes as box_formulas
from .formulas cimport pairs as distances
from .formulas cimport probabilities as probability_formulas
from .formulas cimport rows as row_formulas
from .formulas cimport scored_rows
from .formulas.statistics cimport Statistic
from .formulas.boxes cimport Box
from .formulas.outputs cimport TwoOutputs
from .formulas.pairs cimport Pair, has_domain
from .formulas.probabilities cimport Probabilities, sparse
from .formulas.scored_rows cimport Scores, hinge, of_probabilities as takes_probabilities
from .formulas.rows cimport Rows, divergence, labelled, reads_again, refined, targeted
from .loops.floor cimport read, write
from .loops cimport counts, functions, margins, ordered, regression, robust, scores
from .loops.statistics cimport statistic
from .loops.boxes cimport boxes
from .loops.outputs cimport two_outputs
from .loops.pairs cimport pair
from .loops.alignments cimport alignments
from .loops.survival cimport survival
from .loops.ranking cimport ranking
from .loops.embeddings cimport similarity, triplet
from .loops.class_major cimport class_major
from .loops.probabilities cimport by_class, by_row
from .loops.row_major cimport row_major
from .loops.ports cimport give, look, take
from .loops.scored_rows cimport scored
from .rows_block cimport Give, Look, RowsFunction, Take
from .tables cimport (
    CtcEntry, Floor, GroupEntry, Memory, PairEntry, RowsEntry, RowsForm, SimilarityEntry, TripletEntry, pointwise_entry,
    room, special_case)

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
    """name -> capsule, of everything that a level knows."""
    cdef dict known = {
        "memory": memory(),
        "floor": floor(),
        "mse": regression.entry(<const Mse*>NULL, False),
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
        "cosine_distance": pair_entry(<const distances.CosineDistance*>NULL),
        "dice": pair_entry(<const distances.Dice*>NULL),
        "jaccard": pair_entry(<const distances.Jaccard*>NULL),
        "tversky": pair_entry(<const distances.Tversky*>NULL),
        "iou": boxes_entry(<const box_formulas.Iou*>NULL),
        "giou": boxes_entry(<const box_formulas.Giou*>NULL),
        "diou": boxes_entry(<const box_formulas.Diou*>NULL),
        "ciou": boxes_entry(<const box_formulas.Ciou*>NULL),
        "ctc": ctc_entry(),
        "cox": group_entry(survival, False),
        "listmle": group_entry(survival, False),
        "pairwise_logistic": group_entry(ranking, True),
        "supcon": similarity_entry(),
        "nt_xent": similarity_entry(),
        "triplet": triplet_entry(),
        "rmse": statistic_entry(<const roots.RootMeanSquared*>NULL, False),
        "rmsle": statistic_entry(<const roots.RootMeanSquaredLog*>NULL, True),
        "softmax_cross_entropy": rows(through_softmax(through_softmax(
            new_rows(), <const row_formulas.SoftmaxCrossEntropyIds*>NULL), <const row_formulas.SoftmaxCrossEntropyRows*>NULL)),
        "softmax_focal": rows(through_softmax(through_softmax(
            new_rows(), <const row_formulas.SoftmaxFocalIds*>NULL), <const row_formulas.SoftmaxFocalRows*>NULL)),
        "softmax_poly": rows(through_softmax(new_rows(), <const row_formulas.SoftmaxPoly*>NULL)),
        "softmax_generalized_cross_entropy": rows(through_softmax(new_rows(), <const row_formulas.SoftmaxGeneralized*>NULL)),
        "softmax_kl_divergence": rows(through_softmax(new_rows(), <const row_formulas.SoftmaxDivergence*>NULL)),
        "softmax": rows(through_softmax(new_rows(), <const row_formulas.Softmax*>NULL)),
        "log_softmax": rows(through_softmax(new_rows(), <const row_formulas.LogSoftmax*>NULL)),
        "logsumexp": rows(through_softmax(new_rows(), <const row_formulas.LogSumExp*>NULL)),
        "brier": rows(whole(whole(new_rows(), <const scored_rows.Brier*>NULL, True), <const scored_rows.Brier*>NULL, False)),
        "softmax_brier": rows(whole(whole(
            new_rows(), <const scored_rows.SoftmaxBrier*>NULL, True), <const scored_rows.SoftmaxBrier*>NULL, False)),
        "ranked_probability_score": rows(whole(whole(
            new_rows(), <const scored_rows.Ranked*>NULL, True), <const scored_rows.Ranked*>NULL, False)),
        "softmax_ranked_probability_score": rows(whole(whole(
            new_rows(), <const scored_rows.SoftmaxRanked*>NULL, True), <const scored_rows.SoftmaxRanked*>NULL, False)),
        "jensen_shannon": rows(whole(new_rows(), <const scored_rows.JensenShannon*>NULL, False)),
        "softmax_jensen_shannon": rows(whole(new_rows(), <const scored_rows.SoftmaxJensenShannon*>NULL, False)),
        "reverse_kl_divergence": rows(whole(new_rows(), <const scored_rows.Reverse*>NULL, False)),
        "softmax_reverse_kl_divergence": rows(whole(new_rows(), <const scored_rows.SoftmaxReverse*>NULL, False)),
        "crps_ensemble": rows(of_ensemble(new_rows())),
        "crammer_singer_hinge": rows(whole(new_rows(), <const scored_rows.CrammerSinger*>NULL, True)),
        "weston_watkins_hinge": rows(whole(new_rows(), <const scored_rows.WestonWatkins*>NULL, True)),
        "categorical_cross_entropy": rows(by_numbers(
            of_probabilities(new_rows(), <const probability_formulas.CategoricalRows*>NULL), "cross_entropy_term")),
        "sparse_categorical_cross_entropy": rows(of_probabilities(new_rows(), <const probability_formulas.CategoricalIds*>NULL)),
        "kl_divergence": rows(of_probabilities(new_rows(), <const probability_formulas.KullbackLeibler*>NULL)),
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


cdef inline object pair_entry(const Pair* tag):
    cdef Pair loss
    cdef PairEntry* self = <PairEntry*>room(sizeof(PairEntry))
    self.function[0] = <PairFunction>pair[Pair, float]
    self.function[1] = <PairFunction>pair[Pair, double]
    self.has_domain = has_domain(loss)
    return PyCapsule_New(self, "pairs", NULL)


cdef inline object group_entry(GroupFunction function, bint paired):
    cdef GroupEntry* self = <GroupEntry*>room(sizeof(GroupEntry))
    self.function, self.paired = function, paired
    return PyCapsule_New(self, "groups", NULL)


cdef inline object similarity_entry():
    cdef SimilarityEntry* self = <SimilarityEntry*>room(sizeof(SimilarityEntry))
    self.function = <SimilarityFunction>similarity
    return PyCapsule_New(self, "similarities", NULL)


cdef inline object triplet_entry():
    cdef TripletEntry* self = <TripletEntry*>room(sizeof(TripletEntry))
    self.function = <TripletFunction>triplet
    return PyCapsule_New(self, "triplets", NULL)


cdef inline object ctc_entry():
    cdef CtcEntry* self = <CtcEntry*>room(sizeof(CtcEntry))
    self.function = <CtcFunction>alignments
    return PyCapsule_New(self, "ctc", NULL)


cdef inline RowsEntry* new_rows() except NULL:
    return <RowsEntry*>room(sizeof(RowsEntry))


cdef inline object rows(RowsEntry* self):
    return PyCapsule_New(self, "rows", NULL)


cdef inline RowsEntry* through_softmax(RowsEntry* self, const Rows* tag) noexcept:
    cdef Rows loss
    cdef RowsForm* form = &self.ids if labelled(loss) else &self.rows
    form.class_major[0] = <RowsFunction>class_major[Rows, float]
    form.class_major[1] = <RowsFunction>class_major[Rows, double]
    form.row_major[0] = <RowsFunction>row_major[Rows, float]
    form.row_major[1] = <RowsFunction>row_major[Rows, double]
    form.labelled, form.targeted, form.refined, form.divergence = labelled(loss), targeted(loss), refined(loss), divergence(loss)
    form.joined = True
    form.reads_again = reads_again(loss)
    return self


cdef inline RowsEntry* of_probabilities(RowsEntry* self, const Probabilities* tag) noexcept:
    cdef Probabilities loss
    cdef RowsForm* form = &self.ids if sparse(loss) else &self.rows
    form.class_major[0] = <RowsFunction>by_class[Probabilities, float]
    form.class_major[1] = <RowsFunction>by_class[Probabilities, double]
    form.row_major[0] = <RowsFunction>by_row[Probabilities, float]
    form.row_major[1] = <RowsFunction>by_row[Probabilities, double]
    form.labelled = form.sparse = sparse(loss)
    form.targeted = not sparse(loss)
    form.has_domain = True
    return self


cdef inline RowsEntry* by_numbers(RowsEntry* self, const char* term) noexcept:
    self.by_numbers = term
    return self


cdef inline RowsEntry* of_ensemble(RowsEntry* self) noexcept:
    whole(self, <const scored_rows.Ensemble*>NULL, False)
    self.rows.numbered = True
    return self


cdef inline RowsEntry* whole(RowsEntry* self, const Scores* tag, bint by_ids) noexcept:
    cdef Scores loss
    cdef RowsForm* form = &self.ids if by_ids else &self.rows
    form.class_major[0] = form.row_major[0] = form.class_major[1] = form.row_major[1] = <RowsFunction>scored[Scores]
    form.labelled, form.targeted, form.has_domain, form.whole = by_ids, not by_ids, takes_probabilities(loss), True
    form.ports[0].look, form.ports[1].look = <Look>look[float], <Look>look[double]
    form.ports[0].take, form.ports[1].take = <Take>take[float], <Take>take[double]
    form.ports[0].give, form.ports[1].give = <Give>give[float], <Give>give[double]
    form.compared = hinge(loss)
    return self


TABLES = tables()
