"""In-process subscribers: code of the operator that hears the events of the ledger and acts in our database."""
