/** Packets as a person words them, and as JSON. */
import type { Packet } from '../model/packet.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { readPacketJson } from '../rules/packet-json.ts'
import { parseSpec } from '../simulate/spec.ts'
import { pointAt, sentence } from './point-at.ts'

/** As tcpdump words it (`in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn`), or as JSON. Throws UserError. */
export function readPacket(text: string): Packet {
  if (text.trimStart().startsWith('{')) return readJson(text, '--packet')
  const result = parseSpec(text)
  if ('packet' in result) return result.packet
  throw pointAt('the packet', text, result.error)
}

/** JSON, a packet a line. `name`: the file's. Throws UserError. */
export const readPackets = (text: string, name: string): Packet[] =>
  text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [readJson(line, `${printable(name)}:${i + 1}`)]))

function readJson(text: string, where: string): Packet {
  const result = readPacketJson(text)
  if ('packet' in result) return result.packet
  throw new UserError(`${where}: ${sentence(result.error)}`)
}
