/** What `nft -j list ruleset` prints, and commands in the same words (libnftables-json(5)) → tables and sets. */
import type { Report } from '../../model/diagnostic.ts'
import type { Command } from '../../rules/nft/objects.ts'
import { nftRuleset } from '../../rules/nft/ruleset.ts'
import type { Ruleset } from './iptables-save.ts'
import { command } from './nft-json/commands.ts'
import { forEachEntry } from './nft-json/entries.ts'

/** Never throws; what is not understood stays in place as an unknown condition or statement, and is told. */
export function readNftJson(text: string, report: Report): Ruleset[] {
  const commands: Command[] = []
  forEachEntry(text, report, (entry, line) => {
    const read = command(entry, line)
    if (read) commands.push(read)
  })
  const { tables, sets } = nftRuleset(commands, report)
  return tables.length === 0 && sets.length === 0 ? [] : [{ family: 'ip', familyKnown: true, tables, sets }]
}
