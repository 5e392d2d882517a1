"""COM calls by ctypes, from tables instead of bindings. Start reading at `pointer.py`.

`table.py` holds the facts · `interfaces.py` reads them · `arguments.py` turns Python values into arguments
and back, and frees what we are given, once · `runtime.py` is what Windows has to supply, and `windows.py`
where it does.
64-bit only: there the one calling convention passes GUIDs by address.
"""
