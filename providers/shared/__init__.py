"""What the providers have in common: `rest` for those that ship, `emulation` for their emulators."""
