"""The VSS provider that Windows loads: a thin DLL that asks the agent, and vetoes when no answer comes.

Sources and the program that compiles them; nothing here is imported by the agent.
"""
