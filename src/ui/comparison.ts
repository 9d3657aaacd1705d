/** Two journeys side by side, as the worker tells the page. */
import type { Packet } from '../model/packet.ts'
import type { Row, WayOf } from './protocol.ts'

/** As `nfwhy compare` tells them. */
export interface Compared {
  /** Where they part. */
  diverge: string
  /** Fields of the two packets. Absent: none differs. */
  differ?: string
  share: string
  a: ComparedSide
  b: ComparedSide
  /** All of it as the command line prints it. */
  text: string
}

export interface ComparedSide {
  row: Row
  way: WayOf
  packet: Packet
  machine?: string
  /** What it met where they part, and what became of it. `rule`: the text of the rule in the line before. */
  lines: { kind: 'step' | 'rule' | 'change' | 'end'; text: string }[]
}
