"""The hardware-provider plugins that ship with Quiesce, one folder per array family."""
