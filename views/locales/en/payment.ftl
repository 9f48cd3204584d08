payment-submitting = Payment in progress…
payment-submitting-detail = The bank is processing your payment. This page updates by itself.
payment-unknown = Processing…
payment-unknown-detail = We are waiting for the bank to confirm. You won’t be charged twice.
payment-succeeded = Payment accepted
payment-succeeded-detail = The amount has been charged. Thank you!
payment-declined = Payment declined
payment-declined-detail = The bank declined the payment: nothing was charged. You can try again.
payment-not-sent = Bank unreachable
payment-not-sent-detail = The request was never sent: nothing was charged. You can try again.
payment-cancelled = Order cancelled
payment-cancelled-detail = There is nothing left to pay.
payment-expired = Payment overdue
payment-expired-detail = The items are back in your cart.
payment-refunded = Payment refunded
payment-refunded-detail = The amount has been credited back to you.
payment-wait = { $seconds ->
    [one] The bank is unavailable; you can try again in { $seconds } second.
   *[other] The bank is unavailable; you can try again in { $seconds } seconds.
}
payment-attempt = Attempt { $attempt }
payment-again = Try the payment again
payment-cancel = Cancel the order
payment-look-again = See how the payment is going
payment-calling-off = Cancelling…
payment-calling-off-detail = We are waiting for the bank to confirm. If it has charged you, you will get the amount back.
payment-paying-back = Refund under way…
payment-paying-back-detail = The bank is crediting the amount back to you.
