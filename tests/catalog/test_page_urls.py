"""URLs of products' pages in a storefront."""

import pytest

from catalog import page_urls


@pytest.mark.parametrize(
    ("url", "escaped"),
    [
        ("", ""),
        ("https://shop.example/p/1?a=1&b=%20#top", "https://shop.example/p/1?a=1&b=%20#top"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://läden.example/größe", "https://l%C3%A4den.example/gr%C3%B6%C3%9Fe"),
        ("https://shop.example/?filter[colour]=a|b&c=50%", "https://shop.example/?filter%5Bcolour%5D=a%7Cb&c=50%25"),
        ("https://shop.example/#/p#2", "https://shop.example/#/p%232"),
    ],
)
def test_the_page_in_the_storefront_is_escaped_where_it_is_shown(url, escaped):
    assert page_urls.escape(url) == escaped
