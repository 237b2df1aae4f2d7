"""The share done electronically: three exclusive classes, and no figure where there is none."""

from exchange.core.share import ExchangeClass, Share, classify, share


def test_an_exchange_has_exactly_one_class() -> None:
    assert classify(paper=False) is ExchangeClass.ELECTRONIC
    assert classify(paper=True) is ExchangeClass.WITH_PAPER


def test_paper_beside_it_and_paper_alone_are_not_the_share() -> None:
    counts = {ExchangeClass.ELECTRONIC: 15, ExchangeClass.WITH_PAPER: 5, ExchangeClass.PAPER: 80}
    assert share(counts) == Share(15, 100)
    assert share(counts).ratio == 0.15


def test_where_nothing_was_exchanged_there_is_no_share() -> None:
    assert share({}).ratio is None
