notice-cart-added = Article ajouté au panier.
notice-cart-updated = Panier mis à jour.
notice-cart-removed = Article retiré du panier.
notice-cart-cleared = Panier vidé.
notice-order-cancelled = Commande annulée.
notice-order-calling-off = Annulation demandée.
notice-payment-again = Nouvelle tentative de paiement lancée.
notice-password-changed = Mot de passe changé. Vos autres appareils ont été déconnectés.
notice-session-ended = Appareil déconnecté.
notice-sessions-ended = Tous les autres appareils ont été déconnectés.
notice-user-added = Utilisateur ajouté.
notice-user-deleted = Utilisateur supprimé.
notice-order-placed = Votre commande est enregistrée.
notice-order-paid = Cette commande est déjà payée.
notice-signed-in = Vous êtes connecté.
notice-signed-in-already = Vous êtes déjà connecté.
notice-signed-out = Vous êtes déconnecté.
notice-registered = Votre compte est prêt, et vous êtes connecté.
notice-language = Les pages sont maintenant en français.
notice-bank-changed = La banque se comporte maintenant autrement.
notice-breaker-isolated = Tous les paiements sont arrêtés.
notice-breaker-reset = Le disjoncteur est réarmé.
notice-order-shipped = Commande marquée comme expédiée.
notice-order-delivered = Commande marquée comme livrée.
notice-order-refunding = Le remboursement est demandé à la banque.
notice-order-noted = Note enregistrée.
notice-orders-shipped = { $count ->
    [0] Aucune commande n’a été expédiée.
    [one] { $count } commande marquée comme expédiée.
   *[other] { $count } commandes marquées comme expédiées.
}
notice-order-not-shipped = La commande { $number } ne l’a pas été : { $reason }
notice-orders-not-shipped = { $count ->
    [one] { $count } autre ne l’a pas été.
   *[other] { $count } autres ne l’ont pas été.
}
notice-actor-killed = L’acteur a été tué.
notice-sockets-cut = Vos connexions sont coupées ; la page se reconnecte.
notice-article-changed = Article enregistré.
notice-article-added = Article ajouté.
notice-article-removed = Article retiré.
notice-article-duplicated = Copie ajoutée : hors vente et sans stock.
notice-articles-added = { $count ->
    [0] Aucun article n’a été ajouté.
    [one] { $count } article ajouté.
   *[other] { $count } articles ajoutés.
}
notice-articles-changed = { $count ->
    [0] Aucun n’a été modifié.
    [one] { $count } modifié.
   *[other] { $count } modifiés.
}
notice-lines-unchanged = { $count ->
    [one] { $count } ligne ne change rien.
   *[other] { $count } lignes ne changent rien.
}
notice-line-refused = La ligne { $line } a été refusée : { $reason }
notice-cell-refused = Ligne { $line }, colonne { $column } : { $reason }
notice-lines-refused = { $count ->
    [one] { $count } autre ligne a été refusée.
   *[other] { $count } autres lignes ont été refusées.
}
notice-user-role = Rôle modifié. Tous les appareils de cet utilisateur ont été déconnectés.
notice-user-signed-out = Tous les appareils de cet utilisateur ont été déconnectés.
notice-reset-link = Lien créé. Copiez-le maintenant : il ne sera plus affiché.
notice-password-reset = Mot de passe défini. Connectez-vous avec lui.
