cart-badge = Cart: { $count ->
    [one] { $count } item
   *[other] { $count } items
}
cart-empty = Your cart is empty.
cart-to-articles = Browse the catalogue
cart-each = { $price } each
cart-quantity = Quantity of
cart-update = Update
cart-remove = Remove
cart-clear = Empty the cart
cart-clear-question = Remove every article from your cart?
cart-total = { $count ->
    [one] Total ({ $count } item)
   *[other] Total ({ $count } items)
}
cart-checkout = Check out
cart-blocked = Adjust the items marked above to check out.
cart-problem-price = The price has changed since you added this.
cart-problem-stock = { $available ->
    [0] Sold out for now.
    [one] Only one left.
   *[other] Only { $available } left.
}
cart-problem-unavailable = This article is no longer on sale.
