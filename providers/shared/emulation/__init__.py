"""What all array emulators share: misbehaviour, latency, a log of calls, real bytes, a lab's controls.

Start at `front` (what every request passes through) and `media` (bytes and the shared lock).

Faults, by name (`orchestrator.plugin.Fault`). Wherever a fault has no row of its own in the vendor's
words, the emulator answers as that vendor would.

| name                          | what happens                                                              |
| ----------------------------- | ------------------------------------------------------------------------- |
| `error-before-effect`         | 500; nothing done                                                         |
| `error-after-effect`          | done; 500                                                                 |
| `lost-answer-before-effect`   | connection dropped; nothing done                                          |
| `lost-answer-after-effect`    | done; connection dropped                                                  |
| `lost-answer-late-effect`     | connection dropped at once; done `delay_s` later                          |
| `late-answer`                 | done `delay_s` later, then answered                                       |
| `busy`                        | overloaded (429 with Retry-After: 1); nothing done                        |
| `server-is-busy`              | overloaded, the vendor's other way of saying so; nothing done             |
| `gateway-timeout`             | 504; nothing done                                                         |
| `gateway-timeout-after-effect`| done; 504                                                                 |
| `session-expired`             | the session is gone (401); nothing done                                   |
| `forbidden`                   | the account lacks the right (403); nothing done                           |
| `full`                        | no room for what is asked, and what reports room reports none             |
| `half-cut`                    | the cut lacks its last member, and is answered as if it were whole        |
| `unequal-created`             | the members of a cut say different instants                               |
| `refuse-eradication`          | destroyed objects cannot be erased                                        |
"""
