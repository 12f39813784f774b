"""Deals: a sales pipeline. This file stays empty: an import here would drag Flask into the domain."""
