today-recount = Les commandes sont en cours de comptage. Les chiffres seront complets dans un instant.
today-figures = La journée en chiffres
today-revenue = Chiffre d’affaires
today-orders = Commandes
today-basket = Panier moyen
today-paid = Payées
today-declined = Paiements refusés
today-waiting = En attente de la banque
today-visitors = Visiteurs en ligne
today-sockets = Connexions ouvertes
today-zone = Les jours commencent à minuit, heure de { $zone }. Le chiffre d’affaires est ce qui a été payé moins ce qui a été remboursé.
today-to-do = À faire
today-to-ship = { $count ->
    [one] commande à expédier
   *[other] commandes à expédier
}
today-unpaid = { $count ->
    [one] commande impayée après un refus
   *[other] commandes impayées après un refus
}
today-low-stock = { $count ->
    [one] article avec moins de 5 unités
   *[other] articles avec moins de 5 unités
}
today-refunding = { $count ->
    [one] remboursement en cours
   *[other] remboursements en cours
}
today-unknown = { $count ->
    [one] paiement au résultat inconnu
   *[other] paiements au résultat inconnu
}
today-hours-title = Dernières 24 heures
today-days-title = 7 derniers jours
today-bars = Paiements au fil du temps : { $total } au total.
today-table = Afficher en tableau
today-begins = À partir de
today-paid-amount = Payé
today-server = Serveur
today-version = Version
today-node = Nœud
today-uptime = En marche depuis
today-days = { $days } j { $hours } h
today-hours = { $hours } h { $minutes } min
today-events = Derniers événements
today-events-none = Aucun événement pour l’instant.
today-event-at = Heure
today-event-kind = Événement
today-event-subject = Sujet
today-of-user = Client
today-of-guest = Invité
