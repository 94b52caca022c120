"""The product: lists, plans, the ledger, providers, reports and the verbs that people call."""
