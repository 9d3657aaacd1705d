/** Sections that change when rules do. */
import type { Section } from './section.ts'

const rules = (id: string, file: string, what: string, sh: string): Section => ({
  id,
  file,
  what,
  why: 'the rules that a packet traverses, and their conditions',
  tag: 'ruleset',
  sh,
})

export const RULESETS: readonly Section[] = [
  rules('iptables-legacy', 'iptables-legacy.rules', 'iptables-legacy-save -c', 'legacy_save ip iptables -c'),
  rules('ip6tables-legacy', 'ip6tables-legacy.rules', 'ip6tables-legacy-save -c', 'legacy_save ip6 ip6tables -c'),
  rules('iptables-nft', 'iptables-nft.rules', 'iptables-nft-save -c', 'nft_save ip iptables -c'),
  rules('ip6tables-nft', 'ip6tables-nft.rules', 'ip6tables-nft-save -c', 'nft_save ip6 ip6tables -c'),
  rules(
    'nft',
    'ruleset.nft',
    'nft -a list ruleset',
    // as text: it says more of iptables-nft's rules than JSON, and -a tells the handles
    `have nft || absent "there is no nft here"
there nf_tables nft_do_chain || absent "nf_tables is not loaded, so it has no rules"
need_admin
run nft -a list ruleset`,
  ),
  rules(
    'ebtables',
    'ebtables.rules',
    'ebtables-nft-save, ebtables-legacy-save',
    // Legacy: asked for a table that is not there, the kernel makes it since 5.15, and there is no list of those that are.
    // A module is in use (its third column) where a table has rules (net/bridge/netfilter/ebtables.c, do_replace_finish).
    `if grep -q '^ebtable_[a-z]* [0-9]* [1-9]' /proc/modules 2>/dev/null; then
  printf '%s\\n' "ebtables-legacy has rules on this machine; they were left out, since asking for them may make tables" >&2
fi
nft_save bridge ebtables`,
  ),
  rules('arptables', 'arptables.rules', 'arptables-nft-save', 'nft_save arp arptables'),
  rules('arptables-legacy', 'arptables-legacy.rules', 'arptables-legacy-save', 'legacy_save arp arptables'),
  {
    id: 'ipset',
    file: 'ipset.txt',
    what: 'ipset save',
    why: 'the elements of the sets that "-m set" uses',
    tag: 'ruleset',
    sh: `there ip_set ip_set_add || absent "ip_set is not loaded, so there are no sets"
have ipset || absent "there is no ipset here"
need_admin
run ipset save`,
  },
]
