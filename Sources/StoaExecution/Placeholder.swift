// Delete this file with the first real one.
