/** A record of NFLOG: the attributes that are read are kept, the prefix is text, the packet is ./packet.ts's. */
import { redactAttributes, redactString } from './attributes.ts'
import { redactPacket } from './packet.ts'
import type { Redactor } from './redactor.ts'
import { redactFree, redactPlain } from './rule-text.ts'

/** Attributes that are numbers (linux/netfilter/nfnetlink_log.h): hook, mark, time, interfaces, ids, sequence, VLAN. */
const NUMBERS = new Set([1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 17, 19, 20])
const [PACKET_HDR, HWADDR, PAYLOAD, PREFIX, HWHEADER] = [1, 8, 9, 10, 16]
const ETHERNET = 14

export function redactNflogRecord(bytes: Uint8Array, little: boolean, redactor: Redactor): Uint8Array {
  let etherType = 0
  return redactAttributes(bytes, 4, little, (type, data) => {
    if (type === PACKET_HDR && data.length >= 2) etherType = (data[0]! << 8) | data[1]!
    if (NUMBERS.has(type)) return data
    if (type === PREFIX)
      return redactString(data, (text) => (text.startsWith('TRACE: ') ? redactPlain : redactFree)(text, redactor))
    if (type === PAYLOAD) redactPacket(data, etherType, redactor)
    else if (type === HWADDR && data.length >= 10) data.set(redactor.mac(data.slice(4, 10)), 4)
    else if (type === HWHEADER && data.length === ETHERNET) {
      data.set(redactor.mac(data.slice(0, 6)))
      data.set(redactor.mac(data.slice(6, 12)), 6)
    } else return undefined
    return data
  })
}
