"""Documents to keep: invoices, receipts and Proof Packs as PDF, a Proof Pack's files as ZIP."""
