import pytest

from smalti.models import registry
from smalti.models.registry import BadLoader, UnknownModel


def test_an_unknown_name_is_told_with_those_known() -> None:
    with pytest.raises(UnknownModel, match=r"'dall-e'.*Known models: smalti-mini"):
        registry.load("dall-e", "cpu")


@pytest.mark.parametrize("path", ["", "json", ":load", "json:", "no_such_package:load", "json:no"])
def test_a_path_that_leads_nowhere_is_told(path: str) -> None:
    with pytest.raises(BadLoader, match="loader"):
        registry.resolve(path)


def test_a_loader_is_what_its_path_names() -> None:
    assert registry.resolve("smalti.models.registry:loader_path") is registry.loader_path
