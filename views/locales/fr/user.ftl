user-name = Nom d’utilisateur
user-email = Adresse e-mail
user-email-optional = Adresse e-mail (facultative)
user-password = Mot de passe
user-password-current = Mot de passe actuel
user-password-new = Nouveau mot de passe (8 caractères au moins)
user-password-choose = Mot de passe (8 caractères au moins)
user-sign-in = Se connecter
user-sign-out = Se déconnecter
user-sign-out-question = Voulez-vous vous déconnecter de cet appareil ?
user-create-account = Créer un compte
user-no-account = Pas encore de compte ?
user-has-account = Déjà inscrit ?
user-profile = Profil
user-role = Rôle
user-role-customer = Client
user-role-admin = Administrateur
user-since = Inscription
user-actions = Actions
user-me = vous
user-change-password = Changer le mot de passe
user-count = { $count ->
    [one] { $count } utilisateur
   *[other] { $count } utilisateurs
}
user-add = Ajouter un utilisateur
user-delete = Supprimer
user-delete-question = Supprimer définitivement le compte « { $name } » ?
