notice-cart-added = Added to your cart.
notice-cart-updated = Cart updated.
notice-cart-removed = Removed from your cart.
notice-cart-cleared = Cart emptied.
notice-order-cancelled = Order cancelled.
notice-order-calling-off = Cancellation requested.
notice-payment-again = Trying the payment again.
notice-password-changed = Password changed. Your other devices have been signed out.
notice-session-ended = Device signed out.
notice-sessions-ended = All other devices have been signed out.
notice-user-added = User added.
notice-user-deleted = User deleted.
notice-order-placed = Your order is placed.
notice-order-paid = This order is already paid.
notice-signed-in = You are signed in.
notice-signed-in-already = You are already signed in.
notice-signed-out = You are signed out.
notice-registered = Your account is ready, and you are signed in.
notice-language = The pages are in English now.
notice-bank-changed = The bank behaves differently now.
notice-breaker-isolated = All payments are stopped.
notice-breaker-reset = The breaker is reset.
notice-order-shipped = Order marked as shipped.
notice-order-delivered = Order marked as delivered.
notice-order-refunding = The bank is asked to refund the order.
notice-order-noted = Note saved.
notice-orders-shipped = { $count ->
    [0] No order was shipped.
    [one] { $count } order marked as shipped.
   *[other] { $count } orders marked as shipped.
}
notice-order-not-shipped = Order { $number } was not: { $reason }
notice-orders-not-shipped = { $count ->
    [one] { $count } more was not.
   *[other] { $count } more were not.
}
notice-actor-killed = The actor was killed.
notice-sockets-cut = Your sockets are dropped; the page connects again.
notice-article-changed = Article saved.
notice-article-added = Article added.
notice-article-removed = Article removed.
notice-article-duplicated = Copy added: off sale and without stock.
notice-articles-added = { $count ->
    [0] No article was added.
    [one] { $count } article added.
   *[other] { $count } articles added.
}
notice-articles-changed = { $count ->
    [0] None was changed.
    [one] { $count } changed.
   *[other] { $count } changed.
}
notice-lines-unchanged = { $count ->
    [one] { $count } line changes nothing.
   *[other] { $count } lines change nothing.
}
notice-line-refused = Line { $line } was refused: { $reason }
notice-cell-refused = Line { $line }, column { $column }: { $reason }
notice-lines-refused = { $count ->
    [one] { $count } more line was refused.
   *[other] { $count } more lines were refused.
}
notice-user-role = Role changed. All devices of this user have been signed out.
notice-user-signed-out = All devices of this user have been signed out.
notice-reset-link = Link made. Copy it now: it is not shown again.
notice-password-reset = Password set. Sign in with it.
