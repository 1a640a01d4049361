"""Did you mean: what is near enough to be what somebody meant."""

from __future__ import annotations

import pytest

from argolint.suggest import edit_distance, nearest

FIELDS = ["command", "args", "image", "serviceAccountName", "parameters", "artifacts", "arguments"]
NAMES = ["build-image", "deploy-data-product", "notify-slack", "run-tests", "cleanup"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        # a letter missing, too many, another, two swapped
        ("comand", "command"),
        ("commmand", "command"),
        ("conmand", "command"),
        ("commnad", "command"),
        ("iamge", "image"),
        ("imaeg", "image"),
        ("serviceAcountName", "serviceAccountName"),
        ("servceAcountNmae", "serviceAccountName"),
        ("arg", "args"),
        ("parmeters", "parameters"),
        # case
        ("COMMAND", "command"),
        ("serviceaccountname", "serviceAccountName"),
        # one begins with the other
        ("artifact", "artifacts"),
        ("param", "parameters"),
        ("params", "parameters"),
        ("serviceAccount", "serviceAccountName"),
        # something else
        ("schedule", ""),
        ("x", ""),
        ("", ""),
        ("ar", ""),
        ("par", ""),
        ("a" * 5000, ""),
    ],
)
def test_fields(word: str, expected: str) -> None:
    assert nearest(word, FIELDS) == expected
    assert nearest(word, reversed(FIELDS)) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("biuld-image", "build-image"),
        ("build_image", "build-image"),
        ("buildimage", "build-image"),
        ("BuildImage", "build-image"),
        ("build", "build-image"),
        ("build-images", "build-image"),
        ("build-image-arm", "build-image"),
        ("image-build", "build-image"),
        ("slack-notify", "notify-slack"),
        ("run-test", "run-tests"),
        ("clean-up", "cleanup"),
        ("deploy-data-prodcut", "deploy-data-product"),
        # an ending, a beginning or a word in common is no likeness
        ("validate-product", ""),
        ("validate-data-product", ""),
        ("notify-email", ""),
        ("test-image", ""),
        ("deploy-site", ""),
        ("image", ""),
        ("product", ""),
        ("cl", ""),
    ],
)
def test_names(word: str, expected: str) -> None:
    assert nearest(word, NAMES) == expected


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("step-3", ["step-1", "step-2"], ""),  # either may be meant
        ("bulid", ["build", "bulim"], "build"),  # the same letters come first
        ("uild", ["build", "guild"], ""),
        ("deploi", ["deploy", "deploz"], ""),
        ("deplyo", ["deploy", "deplyx"], "deploy"),
        ("mild", ["wild", "mold"], "mold"),  # then the same first letter
        ("deploy", ["deploy", "deploys"], "deploys"),  # what it is already is no answer
        ("deploy", ["deploy-dev", "deploy-prod"], ""),  # both begin with it
        ("deploy-x", ["deploy", "release"], "deploy"),
        ("a", ["b"], ""),
        ("ab", ["ba"], ""),
        ("abc", ["abd"], "abd"),
    ],
)
def test_of_several(word: str, known: list[str], expected: str) -> None:
    assert nearest(word, known) == expected


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("", "", 0),
        ("a", "b", 1),
        ("ab", "ba", 1),
        ("kitten", "sitting", 3),
        ("abc", "abcdef", 3),
        ("ca", "abc", 3),
    ],
)
def test_edit_distance(a: str, b: str, distance: int) -> None:
    assert edit_distance(a, b, 9) == edit_distance(b, a, 9) == distance
    assert edit_distance(a, b, 2) == min(distance, 2)
