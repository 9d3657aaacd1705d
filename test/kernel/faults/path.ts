/** Which rules the traffic meets when all is well, as the kernel's own lines say. */
import { readLine } from '../truth/lines.ts'
import { readSaved } from '../truth/rules.ts'
import { groupLines } from '../truth/traversals.ts'
import { walkLines } from '../truth/walk.ts'
import type { Exchange } from './exchange.ts'
import type { Met } from './fault.ts'
import type { Setup } from './setup.ts'

/** `saved`: the rules with their counters. */
export function rulesMet(setup: Setup, saved: string, { sent, log }: Exchange): Met[] {
  const rules = readSaved(saved)
  const lines = log.map((text) => readLine(text)).filter((line) => line !== undefined)
  return groupLines(lines).flatMap(({ packet, ...traversal }): Met[] => {
    const of = packet.ipId === sent.packet.ipId ? 'question' : 'answer'
    return walkLines({ packet, ...traversal }, rules)
      .filter(({ kind }) => kind !== 'log')
      .map(({ table, chain, ruleNumber, line }): Met => {
        const rule = setup.tables.find(({ name }) => name === table)?.chains.find(({ name }) => name === chain)?.rules[
          ruleNumber - 1
        ]
        return { of, table, chain, index: ruleNumber - 1, packet: line.packet, ...(rule === undefined ? {} : { rule }) }
      })
  })
}
