### The command line.

cli-nothing-yet = nothing yet
cli-not-money = (not money)
