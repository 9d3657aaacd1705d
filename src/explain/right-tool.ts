/** Where `iptables` speaks to the other of the kernel's two packet filters than the one whose rules are meant. */
import type { Fix } from '../model/journey.ts'
import { findTable, type World } from '../model/world.ts'

/** The fix with `iptables-legacy` or `iptables-nft` in place of `iptables`, where only that changes these rules. */
export function withRightTool(fix: Fix, world: World): Fix {
  const { command, undo } = fix
  if (command === undefined) return fix
  return { ...fix, command: rightTool(command, world), ...(undo === undefined ? {} : { undo: rightTool(undo, world) }) }
}

const TOOL = /^(ip6?tables)(?: -t (\w+))?(?= )/

function rightTool(command: string, world: World): string {
  const [, tool, table = 'filter'] = TOOL.exec(command) ?? []
  if (tool === undefined) return command
  const wanted = findTable(world, tool === 'iptables' ? 'ip' : 'ip6', table)?.backend
  const plain = world.host.tools?.[tool]?.backend
  if (wanted === undefined || plain === undefined || wanted === plain) return command
  return `${tool}-${wanted}${command.slice(tool.length)}`
}
