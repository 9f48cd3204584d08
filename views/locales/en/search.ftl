search-field = Order, article, user or page
search-results = Results
search-found = { $count ->
    [0] Nothing found.
    [one] { $count } result
   *[other] { $count } results
}
search-order = Order
search-article = Article
search-user = User
search-page = Page
