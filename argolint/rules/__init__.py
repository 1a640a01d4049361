"""The built-in rules. In a checkout they live in the top-level folder `rules/`; in a wheel, here."""

from argolint._data import data_path, is_checkout

if is_checkout():
    __path__.insert(0, data_path("rules"))
