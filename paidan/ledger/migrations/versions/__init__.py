"""The steps of the ledger's tables, oldest first."""
