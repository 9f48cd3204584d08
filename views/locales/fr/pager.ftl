pager-label = Pages de la liste
pager-first = Première page
pager-previous = Page précédente
pager-next = Page suivante
pager-range = { $from }–{ $to } sur { $total }
pager-title = { $title }, suite
