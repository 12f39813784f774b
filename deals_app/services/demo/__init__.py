"""The demo of a first start: who the company is, what happened to its deals, and telling it to the database."""
