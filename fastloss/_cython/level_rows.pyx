"""A level's losses and functions of rows, groups and batches: formulas and loops, put into tables for the engine.

Compiled once for each level (setup.py says which).
"""

from cpython.pycapsule cimport PyCapsule_New

from .block cimport CtcFunction, GroupFunction, PairFunction, SimilarityFunction, TripletFunction
# In this order: what others build upon comes first, or Cython leaves out its functions.
from .formulas cimport pairs as distances
from .formulas cimport probabilities as probability_formulas
from .formulas cimport rows as row_formulas
from .formulas cimport scored_rows
from .formulas.pairs cimport Pair, has_domain
from .formulas.probabilities cimport Probabilities, sparse
from .formulas.rows cimport Rows, divergence, labelled, reads_again, refined, targeted
from .formulas.scored_rows cimport Scores, free, hinge, of_probabilities as takes_probabilities
from .loops.alignments cimport alignments
from .loops.class_major cimport class_major
from .loops.embeddings cimport similarity, triplet
from .loops.pairs cimport pair
from .loops.ports cimport give, look, take
from .loops.probabilities cimport by_class, by_row
from .loops.ranking cimport ranking
from .loops.row_major cimport row_major
from .loops.scored_rows cimport scored
from .loops.survival cimport survival
from .rows_block cimport Give, Look, RowsFunction, Take
from .tables cimport CtcEntry, GroupEntry, PairEntry, RowsEntry, RowsForm, SimilarityEntry, TripletEntry, room

TABLES = {
    "cosine_distance": pair_entry(<const distances.CosineDistance*>NULL),
    "dice": pair_entry(<const distances.Dice*>NULL),
    "jaccard": pair_entry(<const distances.Jaccard*>NULL),
    "tversky": pair_entry(<const distances.Tversky*>NULL),
    "ctc": ctc_entry(),
    "cox": group_entry(survival, False),
    "listmle": group_entry(survival, False),
    "pairwise_logistic": group_entry(ranking, True),
    "supcon": similarity_entry(),
    "nt_xent": similarity_entry(),
    "triplet": triplet_entry(),
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
    "softmax_mean": rows(whole(new_rows(), <const scored_rows.SoftmaxMean*>NULL, False)),
    "brier": rows(by_numbers(by_ids(of_probabilities(new_rows(), <const probability_formulas.Brier*>NULL)), "square_term")),
    "softmax_brier": rows(whole(whole(
        new_rows(), <const scored_rows.SoftmaxBrier*>NULL, True), <const scored_rows.SoftmaxBrier*>NULL, False)),
    "ranked_probability_score": rows(whole(whole(
        new_rows(), <const scored_rows.Ranked*>NULL, True), <const scored_rows.Ranked*>NULL, False)),
    "softmax_ranked_probability_score": rows(whole(whole(
        new_rows(), <const scored_rows.SoftmaxRanked*>NULL, True), <const scored_rows.SoftmaxRanked*>NULL, False)),
    "jensen_shannon": rows(of_probabilities(new_rows(), <const probability_formulas.JensenShannon*>NULL)),
    "softmax_jensen_shannon": rows(whole(new_rows(), <const scored_rows.SoftmaxJensenShannon*>NULL, False)),
    "reverse_kl_divergence": rows(of_probabilities(new_rows(), <const probability_formulas.Reverse*>NULL)),
    "softmax_reverse_kl_divergence": rows(whole(new_rows(), <const scored_rows.SoftmaxReverse*>NULL, False)),
    "crps_ensemble": rows(of_ensemble(new_rows())),
    "crammer_singer_hinge": rows(whole(new_rows(), <const scored_rows.CrammerSinger*>NULL, True)),
    "weston_watkins_hinge": rows(whole(new_rows(), <const scored_rows.WestonWatkins*>NULL, True)),
    "categorical_cross_entropy": rows(by_numbers(
        of_probabilities(new_rows(), <const probability_formulas.CategoricalRows*>NULL), "cross_entropy_term")),
    "sparse_categorical_cross_entropy": rows(of_probabilities(new_rows(), <const probability_formulas.CategoricalIds*>NULL)),
    "kl_divergence": rows(of_probabilities(new_rows(), <const probability_formulas.KullbackLeibler*>NULL)),
}


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
    if not sparse(loss):
        form.row_major[0] = <RowsFunction>by_row[Probabilities, float]
        form.row_major[1] = <RowsFunction>by_row[Probabilities, double]
    form.labelled = form.sparse = sparse(loss)
    form.targeted = not sparse(loss)
    form.has_domain = True
    form.ports[0].look, form.ports[1].look = <Look>look[float], <Look>look[double]
    return self


cdef inline RowsEntry* by_numbers(RowsEntry* self, const char* term) noexcept:
    self.by_numbers = term
    return self


cdef inline RowsEntry* by_ids(RowsEntry* self) noexcept:
    """By class ids as well."""
    self.ids = self.rows
    self.ids.labelled, self.ids.targeted = True, False
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
    form.compared, form.free = hinge(loss), free(loss)
    return self
