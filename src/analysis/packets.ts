/** Packets as a person words them, and as JSON. */
import type { Report } from '../model/diagnostic.ts'
import type { Packet } from '../model/packet.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { readPacketJson } from '../rules/packet-json.ts'
import { parseSpec } from '../simulate/spec.ts'
import { pointAt, sentence } from './point-at.ts'

const HOW = `A packet is worded as tcpdump does: in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn
An IPv6 address with a port has brackets: [2001:db8::1]:80`

/** As tcpdump words it (`in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn`), or as JSON. `report`: of what may be meant otherwise. Throws UserError. */
export function readPacket(text: string, report?: Report): Packet {
  if (text.trimStart().startsWith('{')) return readJson(text, '--packet')
  const result = parseSpec(text)
  if ('error' in result) throw pointAt('the packet', text, result.error, HOW)
  for (const note of result.notes ?? []) report?.('no-port', note)
  return result.packet
}

/** JSON, a packet a line. `name`: the file's. Throws UserError. */
export const readPackets = (text: string, name: string): Packet[] =>
  text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [readJson(line, `${printable(name)}:${i + 1}`)]))

function readJson(text: string, where: string): Packet {
  const result = readPacketJson(text)
  if ('packet' in result) return result.packet
  throw new UserError(`${where}: ${sentence(result.error)}`)
}
