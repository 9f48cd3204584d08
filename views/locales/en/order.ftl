order-count = { $count ->
    [one] { $count } order
   *[other] { $count } orders
}
order-number = Order { $number }
order-none = You haven’t ordered anything yet.
order-units = { $count ->
    [one] { $count } item
   *[other] { $count } items
}
order-items = Summary
order-contact = Delivery
order-total = Total
order-total-changed = The total has changed: it was { $was } and is now { $now }.
order-name = Recipient’s name
order-email = E-mail address
order-address = Postal address
order-place = Place the order and pay { $total }
order-frozen = This is the amount you will be charged: if it changes before you confirm, nothing is ordered.
order-to-cart = Edit the cart
order-paid = Paid
order-shipped = Shipped
order-delivered = Delivered
order-cancelled = Cancelled
order-expired = Expired
order-refunded = Refunded
order-step-placed = Ordered
order-step-paid = Paid
order-step-shipped = Shipped
order-step-delivered = Delivered
