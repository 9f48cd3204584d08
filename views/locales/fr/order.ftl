order-count = { $count ->
    [one] { $count } commande
   *[other] { $count } commandes
}
order-number = Commande n° { $number }
order-none = Vous n’avez pas encore passé de commande.
order-units = { $count ->
    [one] { $count } article
   *[other] { $count } articles
}
order-items = Récapitulatif
order-contact = Livraison
order-total = Total
order-total-changed = Le total a changé : il était de { $was }, il est maintenant de { $now }.
order-name = Nom du destinataire
order-email = Adresse e-mail
order-address = Adresse postale
order-place = Commander et payer { $total }
order-frozen = Ce montant est celui qui sera débité : s’il change avant la validation, rien n’est commandé.
order-to-cart = Modifier le panier
order-paid = Payée
order-shipped = Expédiée
order-delivered = Livrée
order-cancelled = Annulée
order-expired = Expirée
order-refunded = Remboursée
order-step-placed = Commande passée
order-step-paid = Payée
order-step-shipped = Expédiée
order-step-delivered = Livrée
