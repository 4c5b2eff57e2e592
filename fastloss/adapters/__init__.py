"""Losses inside the tools that train: one small module per tool, each imported by itself.

`xgboost`, `lightgbm` and `catboost` take objectives, metrics and start values; `sklearn` scorers, linear models and losses for
its trees; `torch` differentiable operators and modules; `scipy` and `statsmodels` robust fits; `dask` costs and linear fits of
data that no single machine holds. Neither ``import fastloss`` nor ``import fastloss.adapters`` loads a tool.
"""
