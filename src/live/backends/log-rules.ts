/**
 * `--log`: where a kernel cannot trace, each hook says which packets came to it, at its beginning and at its end; or, with
 * iptables alone, each built-in chain at its beginning. Each rule has a prefix of its own, so that its lines name it.
 */

import { iptablesMatches } from '../../filter/iptables-rule.ts'
import { nftMatches } from '../../filter/nft-rule.ts'
import { Command } from '../../model/command.ts'
import type { Change, Stream, TracingTable, Wish } from '../plan.ts'
import { inert, LOCK_WAIT, LOCK_WAIT_BACK, limited, scriptLine, takeOut } from './trace-rules.ts'
import { burst } from './tracing-table.ts'

/** An NFLOG group that nobody is known to use. */
export const LOG_GROUP = 7531

const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const
const ENDS = { first: -350, last: 350 } as const

/** Its name is not that of a table which is never shown: here its rules are all that is seen. */
export function logTable(id: string, { alternatives, rate }: Wish, owned: boolean, stream: Stream): TracingTable {
  const name = `${id}-log`
  const table = `inet ${name}`
  const group = stream.kind === 'nflog' ? ` group ${stream.group}` : ''
  const commands = [owned ? `add table ${table} { flags owner; }` : `add table ${table}`]
  for (const hook of HOOKS)
    for (const [end, priority] of Object.entries(ENDS)) {
      const chain = `${hook}-${end}`
      commands.push(`add chain ${table} ${chain} { type filter hook ${hook} priority ${priority}; policy accept; }`)
      for (const [i, atoms] of alternatives.entries()) {
        const limit = rate ? `limit rate ${rate.packets}/${rate.per} burst ${burst(rate.packets)} packets ` : ''
        const matches = nftMatches(atoms)
        commands.push(
          `add rule ${table} ${chain} ${matches}${matches && ' '}${limit}log prefix "${chain} ${i + 1}: "${group}`,
        )
      }
    }
  return { name, commands, owned }
}

const CHAINS: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
}

/** In tables that are there already; `tools` by family, with the tables each has. */
export function logRules(
  id: string,
  { alternatives, rate }: Wish,
  until: number,
  tools: readonly { family: 'ip' | 'ip6'; tool: string; tables: readonly string[] }[],
  stream: Stream,
): Change[] {
  const changes: Change[] = []
  for (const { family, tool, tables } of tools)
    for (const table of tables)
      for (const chain of CHAINS[table] ?? []) {
        // what cannot be asked further on cannot be asked here
        const side = chain === 'OUTPUT' || chain === 'POSTROUTING' ? 'OUTPUT' : 'PREROUTING'
        for (const [i, words] of alternatives.flatMap((atoms) => iptablesMatches(atoms, family, side)).entries()) {
          const prefix = `nfwhy ${table}:${chain} ${i + 1}: `
          const target =
            stream.kind === 'nflog'
              ? ['-j', 'NFLOG', '--nflog-group', String(stream.group), '--nflog-prefix', prefix]
              : ['-j', 'LOG', '--log-prefix', prefix]
          const rule = [...words, ...inert(until), ...limited(rate), '-m', 'comment', '--comment', id, ...target]
          const line = (seconds: number, ...action: string[]) => [
            tool,
            '-w',
            String(seconds),
            '-t',
            table,
            ...action,
            ...rule,
          ]
          changes.push({
            why: `packets that traverse ${table} ${chain} are logged (${family === 'ip' ? 'IPv4' : 'IPv6'})`,
            run: scriptLine(line(LOCK_WAIT, '-I', chain, '1')),
            leftover: { kind: 'rules', tool, table },
            undo: takeOut(line(LOCK_WAIT_BACK, '-D', chain)),
            typed: {
              run: Command.of(line(LOCK_WAIT, '-I', chain, '1')),
              undo: Command.of(line(LOCK_WAIT, '-D', chain)),
            },
          })
        }
      }
  return changes
}
