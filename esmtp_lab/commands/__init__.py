"""What each command of the command line does, one module each; none reads arguments or knows click."""
