"""The machine's side: tensors and files in, tensors and numbers out. Has never heard of a shop."""
