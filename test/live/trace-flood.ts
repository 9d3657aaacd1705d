/** Trace events of nf_tables as a kernel sends them, of as many packets as a test wants: messages made once and changed in place. */
import * as N from '../read/captures/netlink/files.ts'
import { pcap, SYN, u32 } from '../read/captures/nflog/files.ts'

export const KINDS = 4
const HANDLE = 10

/** All packets are accepted in the first chain and dropped in the second, by a rule for each kind. */
export const RULES = `table inet t { # handle 1
	chain p { # handle 1
		type filter hook input priority -150; policy accept;
	}
	chain c { # handle 2
		type filter hook input priority filter; policy accept;
		tcp dport 80 limit rate over 10/second drop # handle ${HANDLE + 1}
		tcp dport 80 limit rate over 20/second drop # handle ${HANDLE + 2}
		tcp dport 80 limit rate over 30/second drop # handle ${HANDLE + 3}
		tcp dport 80 limit rate over 40/second drop # handle ${HANDLE + 4}
	}
}
`

const ID = 0x5a4b3c2d
const HEAD = 24
const RECORD_HEAD = 16
const DROP = 0
const ACCEPT = 1

/** The beginning of the capture. */
export const head = (): Uint8Array => pcap([], { linkType: 253 })

/** The first event of a packet, which shows it; `end`: the one that drops it. */
const FIRST = N.trace([
  ...N.policy('p', ACCEPT, ID),
  [N.IIF, u32(3)],
  [N.IIFTYPE, [0, 1]],
  [N.LINK, N.ETHERNET],
  [N.NETWORK, SYN.slice(0, 20)],
  [N.TRANSPORT, SYN.slice(20)],
])
const end = (kind: number) => N.trace(N.rule('c', HANDLE + 1 + kind, N.verdict(DROP, undefined), ID))

export interface Packet {
  id: number
  kind: number
}

/** Both events of each packet, in turn; `time`: milliseconds since 1970. */
export function packets(list: readonly Packet[], time: number, part: 'all' | 'first' | 'end' = 'all'): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const { id, kind } of list) {
    if (part !== 'end') pieces.push(recordOf(FIRST_RECORD, id, time))
    if (part !== 'first') pieces.push(recordOf(ENDS[kind]!, id, time))
  }
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

const recorded = (packet: number[]) => pcap([packet], { linkType: 253 }).slice(HEAD)
const FIRST_RECORD = recorded(FIRST)
const ENDS = Array.from({ length: KINDS }, (_, kind) => recorded(end(kind)))

/** With its own trace id, and its own IP id and TCP sequence number where it shows them. */
function recordOf(template: Uint8Array, id: number, time: number): Uint8Array {
  const bytes = template.slice()
  const view = new DataView(bytes.buffer)
  view.setUint32(0, Math.floor(time / 1000), true)
  view.setUint32(4, (time % 1000) * 1000, true)
  for (let at = RECORD_HEAD; at + 4 <= bytes.length; at++) {
    if (view.getUint32(at) === ID) view.setUint32(at, id)
    // the beginning of SYN's two headers
    else if (view.getUint32(at) === 0x45000028) view.setUint16(at + 4, id & 0xffff)
    else if (view.getUint32(at) === 0x9c400050) view.setUint32(at + 4, id)
  }
  return bytes
}
