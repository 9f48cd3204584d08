"""Buys an article with the client that openapi-python-client makes of the API."""

import sys

from api import AuthenticatedClient, Client
from api.api.article import list_articles
from api.api.cart import add_item
from api.api.order import place_order
from api.api.session import register_user
from api.api.user import list_users
from api.models import NewItem, NewOrder, OneCart, OneOrder, PageOfArticles, Problem
from api.models import Registration, Tokens

url = sys.argv[1]
shop = Client(base_url=url)

account = Registration(username="python", password="a quiet harbour")
tokens = register_user.sync(client=shop, body=account)
assert isinstance(tokens, Tokens), tokens
me = AuthenticatedClient(base_url=url, token=tokens.access_token)

articles = list_articles.sync(client=shop, limit=1)
assert isinstance(articles, PageOfArticles), articles

item = NewItem(article_id=articles.articles[0].id, quantity=2)
added = add_item.sync(client=me, body=item)
assert isinstance(added, OneCart), added

order = NewOrder(
    cart_version=added.cart.version,
    expected_total_cents=added.cart.total_cents,
    name="Ana",
    email="ana@example.org",
    address="1 Quay Street",
)
placed = place_order.sync(client=me, body=order, idempotency_key="python-1")
assert isinstance(placed, OneOrder), placed
print(placed.order.status.value)

refused = list_users.sync(client=me)
assert isinstance(refused, Problem), refused
print(refused.code.value)
