/** Where `iptables` speaks to the other of the kernel's two packet filters than the one whose rules are meant. */
import { Command } from '../model/command.ts'
import type { Fix } from '../model/journey.ts'
import { findTable, type World } from '../model/world.ts'

/** The fix with `iptables-legacy` or `iptables-nft` in place of `iptables`, where only that changes these rules. */
export function withRightTool(fix: Fix, world: World): Fix {
  const { command, undo } = fix
  if (command === undefined) return fix
  return { ...fix, command: rightTool(command, world), ...(undo === undefined ? {} : { undo: rightTool(undo, world) }) }
}

function rightTool(command: Command, world: World): Command {
  const [tool, ...words] = command.words ?? []
  if (tool !== 'iptables' && tool !== 'ip6tables') return command
  const table = words[0] === '-t' ? words[1]! : 'filter'
  const wanted = findTable(world, tool === 'iptables' ? 'ip' : 'ip6', table)?.backend
  const plain = world.host.tools?.[tool]?.backend
  if (wanted === undefined || plain === undefined || wanted === plain) return command
  return Command.of([`${tool}-${wanted}`, ...words])
}
