/**
 * A packet of link type NETLINK: trace events of nf_tables keep what is read of them, with headers as in ./packet.ts;
 * changes of the ruleset, and what says that events are missing, stay. Other messages hold anything: they become empty.
 */

import { concat } from '../model/concat.ts'
import { eachAttribute, redactAttributes, redactString } from './attributes.ts'
import { redactPacket, redactTransport } from './packet.ts'
import type { Redactor } from './redactor.ts'
import { redactPlain } from './rule-text.ts'

/** In front of the messages, and in front of each. */
const [COOKED, NLMSGHDR, NFGENMSG] = [16, 16, 4]
const [NLMSG_NOOP, NLMSG_OVERRUN, NFT_MSG_NEWGEN, NFT_MSG_TRACE] = [1, 4, 0x0a0f, 0x0a11]
// enum nft_trace_attributes
const [TABLE, CHAIN, VERDICT, LINK, NETWORK, TRANSPORT, IIFTYPE, OIFTYPE] = [1, 2, 5, 7, 8, 9, 11, 13]
const NUMBERS = new Set([3, 4, 6, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21])
const NFTA_VERDICT_CHAIN = 2
const ARPHRD_ETHER = 1

export function redactTraceRecord(bytes: Uint8Array, little: boolean, redactor: Redactor): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const parts: Uint8Array[] = [bytes.slice(0, COOKED)]
  for (let at = COOKED; at + NLMSGHDR <= bytes.length; ) {
    const length = view.getUint32(at, little)
    if (length < NLMSGHDR) break
    parts.push(message(bytes.slice(at, Math.min(at + length, bytes.length)), length, little, redactor))
    // not by bits: a length that was damaged may have the highest one set
    at += Math.ceil(length / 4) * 4
  }
  return concat(parts)
}

function message(bytes: Uint8Array, length: number, little: boolean, redactor: Redactor): Uint8Array {
  const type = new DataView(bytes.buffer).getUint16(4, little)
  const head = bytes.slice(0, NLMSGHDR)
  const headView = new DataView(head.buffer)
  if (type === NLMSG_OVERRUN || type === NFT_MSG_NEWGEN) {
    // a generation is a number and the name of the program that made it
    const kept = type === NLMSG_OVERRUN ? 4 : NFGENMSG
    headView.setUint32(0, NLMSGHDR + kept, little)
    const rest = bytes.slice(NLMSGHDR, NLMSGHDR + kept)
    return concat([head, rest, new Uint8Array(kept - rest.length)])
  }
  if (type !== NFT_MSG_TRACE || bytes.length < NLMSGHDR + NFGENMSG) {
    headView.setUint16(4, NLMSG_NOOP!, little)
    headView.setUint32(0, NLMSGHDR!, little)
    return head
  }
  const event = redactEvent(bytes.slice(NLMSGHDR), little, redactor)
  // one that the capture cut stays so
  headView.setUint32(
    0,
    bytes.length < length ? Math.max(length, NLMSGHDR! + event.length + 4) : NLMSGHDR! + event.length,
    little,
  )
  return concat([head, event])
}

function redactEvent(bytes: Uint8Array, little: boolean, redactor: Redactor): Uint8Array {
  let protocol = -1
  let isEthernet = false
  eachAttribute(bytes, NFGENMSG!, little, (type, data) => {
    if (type === NETWORK) protocol = data[0]! >> 4 === 4 ? (data[9] ?? -1) : data[0]! >> 4 === 6 ? (data[6] ?? -1) : -1
    if ((type === IIFTYPE || type === OIFTYPE) && data[1] === ARPHRD_ETHER && data[0] === 0) isEthernet = true
  })
  const name = (text: string) => redactPlain(text, redactor)
  return redactAttributes(bytes, NFGENMSG!, little, (type, data) => {
    if (NUMBERS.has(type)) return data
    if (type === TABLE || type === CHAIN) return redactString(data, name)
    if (type === VERDICT)
      return redactAttributes(data, 0, little, (kind, value) =>
        kind === NFTA_VERDICT_CHAIN ? redactString(value, name) : value,
      )
    if (type === LINK) redactLink(data, isEthernet, redactor)
    else if (type === NETWORK) redactPacket(data, data[0]! >> 4 === 0 ? 0x0806 : 0, redactor)
    else if (type === TRANSPORT) redactTransport(data, protocol, redactor, 0)
    else return undefined
    return data
  })
}

/** Two addresses, tags of VLANs, and the type of what follows. */
function redactLink(data: Uint8Array, isEthernet: boolean, redactor: Redactor): void {
  if (!isEthernet || data.length < 12) {
    data.fill(0)
    return
  }
  data.set(redactor.mac(data.slice(0, 6)))
  data.set(redactor.mac(data.slice(6, 12)), 6)
}
