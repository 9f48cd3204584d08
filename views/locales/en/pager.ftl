pager-label = Pages of the list
pager-first = First page
pager-previous = Previous page
pager-next = Next page
pager-range = { $from }–{ $to } of { $total }
pager-title = { $title }, continued
