"""An emulated guest agent on a unix socket, for every failure that a real one shows too seldom.

`guest` is what is frozen, `commands` what the agent answers, `agent` the process that answers it, with its
faults. What it says was taken down from qemu-ga 7.2; the tests hold both to the same cases.
"""
