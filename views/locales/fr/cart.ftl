cart-badge = Panier : { $count ->
    [one] { $count } article
   *[other] { $count } articles
}
cart-empty = Votre panier est vide.
cart-to-articles = Voir le catalogue
cart-each = { $price } pièce
cart-quantity = Quantité :
cart-update = Mettre à jour
cart-remove = Retirer
cart-clear = Vider le panier
cart-clear-question = Retirer tous les articles de votre panier ?
cart-total = { $count ->
    [one] Total ({ $count } article)
   *[other] Total ({ $count } articles)
}
cart-checkout = Passer commande
cart-blocked = Ajustez les articles signalés pour passer commande.
cart-problem-price = Le prix a changé depuis l’ajout au panier.
cart-problem-stock = { $available ->
    [0] Épuisé pour le moment.
    [one] Il n’en reste qu’un.
   *[other] Il n’en reste que { $available }.
}
cart-problem-unavailable = Cet article n’est plus en vente.
