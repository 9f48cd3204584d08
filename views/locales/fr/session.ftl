session-title = Appareils connectés
session-current = cet appareil
session-since = Connexion :
session-seen = Dernière activité :
session-end = Déconnecter
session-end-others = Déconnecter tous les autres appareils
session-browser = Navigateur
session-api = Programme
