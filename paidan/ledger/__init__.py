"""The ledger: whatever was answered is kept, whatever changed later can be followed by the sender."""
