/** Which comes first, NAT or a chain of its priority: what the model says of each order is what the kernel does. */
import { describe, expect, it } from 'vitest'
import { NAT_ORDERS } from '../simulate/nat-orders.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const reason = whyNot('nft', 'ip', 'python3')
if (reason) console.warn(`the order of NAT and other chains is not compared with the kernel: ${reason}`)

const KNOCK = `python3 -c "
import socket
one = socket.socket()
one.settimeout(.5)
one.connect_ex(('127.0.0.1', 81))"`

describe.skipIf(reason)('NAT beside a chain of its priority', () => {
  it.each(NAT_ORDERS)('reads the mark, or comes too early: $what', ({ texts, marked }) => {
    const load = texts.map((text) => `nft -f - <<'END'\n${text}\nEND`).join('\n')
    const listed = runInNamespace(`ip link set lo up\n${load}\n${KNOCK}\nnft list ruleset`)
    expect(/counter packets (\d+)/.exec(listed)?.[1], listed).toBe(marked ? '1' : '0')
  })
})
