payment-submitting = Paiement en cours…
payment-submitting-detail = La banque traite votre paiement. Cette page se met à jour d’elle-même.
payment-unknown = Traitement en cours…
payment-unknown-detail = Nous attendons la confirmation de la banque. Vous ne serez pas débité deux fois.
payment-succeeded = Paiement accepté
payment-succeeded-detail = Le montant a été débité. Merci !
payment-declined = Paiement refusé
payment-declined-detail = La banque a refusé le paiement : rien n’a été débité. Vous pouvez réessayer.
payment-not-sent = Banque injoignable
payment-not-sent-detail = La demande n’est pas partie : rien n’a été débité. Vous pouvez réessayer.
payment-cancelled = Commande annulée
payment-cancelled-detail = Il n’y a plus rien à payer.
payment-expired = Délai de paiement dépassé
payment-expired-detail = Les articles sont retournés dans votre panier.
payment-refunded = Paiement remboursé
payment-refunded-detail = Le montant vous a été recrédité.
payment-wait = { $seconds ->
    [one] La banque est indisponible ; nouvel essai possible dans { $seconds } seconde.
   *[other] La banque est indisponible ; nouvel essai possible dans { $seconds } secondes.
}
payment-attempt = Tentative n° { $attempt }
payment-again = Réessayer le paiement
payment-cancel = Annuler la commande
payment-look-again = Regarder où en est le paiement
payment-calling-off = Annulation demandée…
payment-calling-off-detail = Nous attendons que la banque confirme. Si elle a débité le montant, il vous sera recrédité.
payment-paying-back = Remboursement en cours…
payment-paying-back-detail = La banque vous recrédite le montant.
