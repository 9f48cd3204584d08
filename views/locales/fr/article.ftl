article-count = { $count ->
    [one] { $count } article
   *[other] { $count } articles
}
article-none = Aucun article en vente pour le moment.
article-reload = Actualiser
article-in-stock = { $count } en stock
article-few = { $count ->
    [one] Dernière pièce !
   *[other] Plus que { $count } !
}
article-sold-out = Épuisé
article-add = Ajouter au panier
article-buy = Acheter
