/** Lines → the packets they belong to, by what tells the packets apart; each traversal with its lines in order. */
import type { Packet } from '../../../src/model/packet.ts'
import { agree, identityText } from './identity.ts'
import type { Line } from './lines.ts'

export interface Traversal {
  identity: string
  lines: Line[]
  /** As it first appeared. */
  packet: Packet
}

/** All lines of one case. Needs packets that can be told apart; lines of LOG join the packet they agree with. */
export function groupLines(lines: readonly Line[]): Traversal[] {
  const traversals: Traversal[] = []
  const byIdentity = new Map<string, Traversal>()
  for (const line of lines) {
    let traversal: Traversal | undefined
    if (line.point) {
      const identity = identityText(line.packet)
      traversal = byIdentity.get(identity)
      if (!traversal) {
        traversal = { identity, lines: [], packet: line.packet }
        byIdentity.set(identity, traversal)
        traversals.push(traversal)
      }
    } else {
      traversal = traversals.findLast(
        (one) => agree(one.lines.at(-1)!.packet, line.packet) && sameWay(one.lines.at(-1)!.packet, line.packet),
      )
      if (!traversal) throw new Error(`a line of LOG without a traced packet: ${line.text}`)
    }
    traversal.lines.push(line)
  }
  return traversals
}

/** A line of LOG stands behind a line of TRACE that the same rule made. */
const sameWay = (a: Packet, b: Packet) =>
  (['in', 'out', 'src', 'dst', 'sport', 'dport', 'mark'] as const).every((field) => a[field] === b[field])
