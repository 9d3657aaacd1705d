import { arptablesSave, ebtablesSave, looksLikeBridgeArp } from './bridge-arp/formats.ts'
import type { RulesetFormat } from './format.ts'
import { looksLikeIptablesList, readIptablesList } from './iptables-list/format.ts'
import { looksLikeIptablesSave, readIptablesSave } from './iptables-save.ts'
import { looksLikeNftJson, readNftJson } from './nft-json.ts'
import { looksLikeNft, readNft } from './nft-text.ts'
import { looksLikeScript, readScript } from './shell-script.ts'

/** Every ruleset format: one line each. */
export const RULESET_FORMATS: readonly RulesetFormat[] = [
  {
    id: 'iptables-save',
    describe: 'iptables-save or ip6tables-save',
    // a script may hold such text for iptables-restore
    sniff: (head) => looksLikeIptablesSave(head) && !looksLikeScript(head) && !looksLikeBridgeArp(head),
    read: readIptablesSave,
  },
  {
    id: 'iptables-list',
    describe: 'iptables -L -n -v',
    sniff: (head) => looksLikeIptablesList(head) && !looksLikeIptablesSave(head) && !looksLikeScript(head),
    read: readIptablesList,
  },
  ebtablesSave,
  arptablesSave,
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
