today-recount = The orders are being counted. The numbers are complete in a moment.
today-figures = Today in numbers
today-revenue = Revenue
today-orders = Orders
today-basket = Average basket
today-paid = Paid
today-declined = Declined payments
today-waiting = Waiting for the bank
today-visitors = Visitors now
today-sockets = Open connections
today-zone = Days begin at midnight, { $zone } time. The revenue is what was paid minus what was refunded.
today-to-do = To do
today-to-ship = { $count ->
    [one] order to ship
   *[other] orders to ship
}
today-unpaid = { $count ->
    [one] order unpaid after a declined payment
   *[other] orders unpaid after a declined payment
}
today-low-stock = { $count ->
    [one] article with fewer than 5 units
   *[other] articles with fewer than 5 units
}
today-refunding = { $count ->
    [one] refund in progress
   *[other] refunds in progress
}
today-unknown = { $count ->
    [one] payment with an unknown outcome
   *[other] payments with an unknown outcome
}
today-hours-title = Last 24 hours
today-days-title = Last 7 days
today-bars = Payments over time: { $total } in total.
today-table = Show as a table
today-begins = From
today-paid-amount = Paid
today-server = Server
today-version = Version
today-node = Node
today-uptime = Running for
today-days = { $days } d { $hours } h
today-hours = { $hours } h { $minutes } min
today-events = Last events
today-events-none = Nothing has happened yet.
today-event-at = Time
today-event-kind = Event
today-event-subject = About
today-of-user = Customer
today-of-guest = Guest
