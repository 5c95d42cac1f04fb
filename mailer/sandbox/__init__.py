"""A child process with little memory, little time and no way out, in which bytes of strangers are taken apart."""
