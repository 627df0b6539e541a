"""Sessions of programs that others wrote, as they went over the wire, and what a reader of the RFCs says of them."""
