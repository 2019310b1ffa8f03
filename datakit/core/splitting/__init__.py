"""Groups, strata and balance: which sample goes to which split."""
