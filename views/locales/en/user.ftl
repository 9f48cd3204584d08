user-name = User name
user-email = E-mail address
user-email-optional = E-mail address (optional)
user-password = Password
user-password-current = Current password
user-password-new = New password (at least 8 characters)
user-password-choose = Password (at least 8 characters)
user-sign-in = Sign in
user-sign-out = Sign out
user-sign-out-question = Do you want to sign out on this device?
user-create-account = Create an account
user-no-account = No account yet?
user-has-account = Already registered?
user-profile = Profile
user-role = Role
user-role-customer = Customer
user-role-admin = Administrator
user-since = Registered
user-actions = Actions
user-me = you
user-change-password = Change the password
user-count = { $count ->
    [one] { $count } user
   *[other] { $count } users
}
user-add = Add a user
user-delete = Delete
user-delete-question = Delete the account “{ $name }” for good?
