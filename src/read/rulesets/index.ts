import { andIpset, andNft, anyRules } from '../../edits/later.ts'
import { Later } from '../../model/later.ts'
import { arptablesSave, ebtablesSave, looksLikeBridgeArp } from './bridge-arp/formats.ts'
import type { RulesetFormat } from './format.ts'
import { looksLikeIptablesList } from './iptables-list/headings.ts'
import { looksLikeIptablesSave } from './looks-like-iptables-save.ts'
import { looksLikeNft } from './looks-like-nft.ts'
import { looksLikeScript } from './looks-like-script.ts'

const save = new Later(() => import('./iptables-save.ts'))
const list = new Later(() => import('./iptables-list/reader.ts'))
const nft = new Later(() => import('./nft-text.ts'))
const nftJson = new Later(() => import('./nft-json.ts'))
const script = new Later(() => import('./shell-script.ts'))

export const looksLikeNftJson = (head: string): boolean => /\{\s{0,200}"nftables"\s{0,200}:/.test(head)

/** With what asks for rules, of whichever format. */
const withRules = ({ load, ...format }: RulesetFormat): RulesetFormat => ({
  ...format,
  load: async () => {
    await Promise.all([load?.(), anyRules.load()])
  },
})

/** Every ruleset format: one line each. */
const EACH: readonly RulesetFormat[] = [
  {
    id: 'iptables-save',
    describe: 'iptables-save or ip6tables-save',
    // a script may hold such text for iptables-restore
    sniff: (head) => looksLikeIptablesSave(head) && !looksLikeScript(head) && !looksLikeBridgeArp(head),
    load: save.load,
    read: (text, report) => save.loaded.readIptablesSave(text, report),
  },
  {
    id: 'iptables-list',
    describe: 'iptables -L -n -v',
    sniff: (head) => looksLikeIptablesList(head) && !looksLikeIptablesSave(head) && !looksLikeScript(head),
    load: andNft(list.load),
    read: (text, report) => list.loaded.readIptablesList(text, report),
  },
  ebtablesSave,
  arptablesSave,
  {
    id: 'nft-json',
    describe: 'nft -j list ruleset',
    sniff: looksLikeNftJson,
    load: andNft(nftJson.load),
    read: (text, report) => nftJson.loaded.readNftJson(text, report),
  },
  {
    id: 'nft',
    describe: 'nft list ruleset, or a file for nft -f',
    sniff: (head) => looksLikeNft(head) && !looksLikeNftJson(head),
    load: andNft(nft.load),
    read: (text, report) => nft.loaded.readNft(text, report),
  },
  {
    id: 'shell-script',
    describe: 'a shell script of iptables commands',
    sniff: looksLikeScript,
    load: andIpset(andNft(script.load)),
    read: (text, report) => script.loaded.readScript(text, report),
  },
]

export const RULESET_FORMATS: readonly RulesetFormat[] = EACH.map(withRules)
