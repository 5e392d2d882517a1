// By which COM and VSS know us; the same are in provider/identities.py. Drawn once, never to change.
#pragma once

#include <windows.h>

namespace quiesce {

constexpr CLSID SOFTWARE_CLASS = {0x73bdb9b3, 0x323e, 0x42ea, {0x89, 0x22, 0x81, 0xcb, 0xd6, 0x7f, 0x23, 0x04}};
constexpr CLSID HARDWARE_CLASS = {0x8a305a7d, 0x8d63, 0x4369, {0x81, 0x3b, 0x7a, 0x9f, 0x8d, 0x0d, 0x53, 0x1f}};

constexpr wchar_t SOFTWARE_CLASS_KEY[] = L"SOFTWARE\\Classes\\CLSID\\{73BDB9B3-323E-42EA-8922-81CBD67F2304}";
constexpr wchar_t HARDWARE_CLASS_KEY[] = L"SOFTWARE\\Classes\\CLSID\\{8A305A7D-8D63-4369-813B-7A9F8D0D531F}";

}  // namespace quiesce
