article-count = { $count ->
    [one] { $count } article
   *[other] { $count } articles
}
article-none = Nothing is on sale at the moment.
article-reload = Refresh
article-in-stock = { $count } in stock
article-few = { $count ->
    [one] Last one!
   *[other] Only { $count } left!
}
article-sold-out = Sold out
article-add = Add to cart
article-buy = Buy now
