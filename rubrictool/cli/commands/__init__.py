"""Define the commands, one file each: read, call one library function, print."""
