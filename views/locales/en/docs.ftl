docs-codes = A program that is refused receives a problem (RFC 9457). Its type leads to one of these codes, which are never renamed.
docs-no-script = This page needs scripts. It shows the description of the API:
