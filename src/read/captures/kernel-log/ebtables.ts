/**
 * What ebtables' LOG prints behind `IN= OUT=` (net/bridge/netfilter/ebt_log.c): MAC addresses, and the IP or ARP header
 * only with --log-ip, --log-ip6, --log-arp:
 *   MAC source = 02:… MAC dest = 02:… proto = 0x0800 IP SRC=10.0.0.1 IP DST=10.0.0.2, IP tos=0x00, IP proto=17 SPT=1 DPT=2
 *   … proto = 0x86dd IPv6 SRC=fd00:… IPv6 DST=fd00:…, IPv6 priority=0x0, Next Header=6 SPT=1 DPT=2
 *   … proto = 0x0806 ARP HTYPE=1, PTYPE=0x0800, OPCODE=1 ARP MAC SRC=02:… ARP IP SRC=10.0.0.1 ARP MAC DST=00:… ARP IP DST=10.0.0.2
 */
import { parseAddress } from '../../../model/address.ts'
import * as F from '../header-fields.ts'

const decoder = new TextDecoder('latin1')
const FRAME = /^MAC source = ([0-9a-f:]{17}) +MAC dest = ([0-9a-f:]{17}) +proto = 0x([0-9a-f]{4})/

/** Fills `row` from `bytes[from, end)`; false where that is nothing of ebtables. Offsets of texts are counted from `start`. */
export function readEbtables(row: Int32Array, bytes: Uint8Array, start: number, from: number, end: number): boolean {
  const text = decoder.decode(bytes.subarray(from, Math.min(end, from + 600)))
  const frame = FRAME.exec(text)
  if (!frame) return false
  row[F.FAMILY] = 7
  const offset = from - start
  row[F.MACSRC] = ((offset + 'MAC source = '.length) << 12) | 17
  row[F.MACDST] = ((offset + text.indexOf('dest = ') + 'dest = '.length) << 12) | 17
  row[F.PRESENT]! |= (1 << F.MACSRC) | (1 << F.MACDST)
  const rest = text.slice(frame[0].length)
  const put = (column: number, found: RegExpExecArray | null, base = 10) => {
    if (!found) return
    row[column] = Number.parseInt(found[1]!, base)
    row[F.PRESENT]! |= 1 << column
  }
  putAddress(row, F.SRC, /IP(?:v6)? SRC=([0-9a-f.:]+) /.exec(rest)?.[1])
  putAddress(row, F.DST, /IP(?:v6)? DST=([0-9a-f.:]+)(?:,|\s*$)/.exec(rest)?.[1])
  put(F.TOS, /IP tos=0x([0-9A-F]{2}),/.exec(rest), 16)
  put(F.PROTO, /(?:IP proto|Next Header)=(\d+)/.exec(rest))
  put(F.SPT, /SPT=(\d+)/.exec(rest))
  put(F.DPT, /DPT=(\d+)/.exec(rest))
  return true
}

function putAddress(row: Int32Array, column: number, text: string | undefined): void {
  const address = text === undefined ? undefined : parseAddress(text)
  if (!address) return
  const view = new DataView(address.buffer)
  for (let i = 0; i < address.length / 4; i++) row[column + i] = view.getInt32(4 * i)
  row[F.PRESENT]! |= column === F.SRC ? F.HAS_SRC : F.HAS_DST
  if (address.length === 16) row[F.PRESENT]! |= F.WIDE
}
