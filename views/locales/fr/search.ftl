search-field = Commande, article, utilisateur ou page
search-results = Résultats
search-found = { $count ->
    [0] Rien n’a été trouvé.
    [one] { $count } résultat
   *[other] { $count } résultats
}
search-order = Commande
search-article = Article
search-user = Utilisateur
search-page = Page
