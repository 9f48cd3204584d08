docs-codes = Un programme refusé reçoit un problème (RFC 9457). Son type mène à l’un de ces codes, qui ne changent jamais de nom.
docs-no-script = Cette page a besoin de scripts. Elle montre la description de l’API :
