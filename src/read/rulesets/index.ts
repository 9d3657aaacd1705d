import type { Report } from '../../model/diagnostic.ts'
import { looksLikeIptablesSave, type Ruleset, readIptablesSave } from './iptables-save.ts'
import { looksLikeNftJson, readNftJson } from './nft-json.ts'
import { looksLikeNft, readNft } from './nft-text.ts'
import { looksLikeScript, readScript } from './shell-script.ts'

export interface RulesetFormat {
  /** As `--as FORMAT:FILE` names it. */
  id: string
  describe: string
  sniff(head: string): boolean
  /** Keeps what it understands and reports the rest with its line; never throws. */
  read(text: string, report: Report): Ruleset[]
}

/** Every ruleset format: one line each. */
export const RULESET_FORMATS: readonly RulesetFormat[] = [
  {
    id: 'iptables-save',
    describe: 'iptables-save or ip6tables-save',
    // a script may hold such text for iptables-restore
    sniff: (head) => looksLikeIptablesSave(head) && !looksLikeScript(head),
    read: readIptablesSave,
  },
  {
    id: 'nft-json',
    describe: 'nft -j list ruleset',
    sniff: looksLikeNftJson,
    read: readNftJson,
  },
  {
    id: 'nft',
    describe: 'nft list ruleset, or a file for nft -f',
    sniff: (head) => looksLikeNft(head) && !looksLikeNftJson(head),
    read: readNft,
  },
  {
    id: 'shell-script',
    describe: 'a shell script of iptables commands',
    sniff: looksLikeScript,
    read: readScript,
  },
]
