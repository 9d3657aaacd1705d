/** A draft's rules as text for the tools of its backend. */
import type { Rules } from '../../../src/demo/incident.ts'
import type { Draft } from './draft.ts'
import { nftChain, printIptables, printNft, type Rule } from './rule.ts'

export function printRules(draft: Draft): Rules {
  if (draft.backend === 'nft') return { nft: nft(draft) }
  const { family, sets, tables } = draft
  return {
    [family === 'ip' ? 'v4' : 'v6']: iptables(draft),
    ...(sets.length > 0 ? { ipset: sets.map(ipset).join('') } : {}),
    ...(tables === '' ? {} : { nft: tables }),
  }
}

const ipset = ({ name, ipset, elements }: Draft['sets'][number]): string =>
  [`create ${name} ${ipset}`, ...elements.map(([element]) => `add ${name} ${element}`), ''].join('\n')

function iptables({ family, rules, chains, policies }: Draft): string {
  const print = (chain: string, list: readonly Rule[]) =>
    list.map((rule) => `-A ${chain} ${printIptables(rule, family)}`)
  const table = (name: string, list: readonly (readonly [string, boolean | undefined, readonly Rule[]])[]) =>
    list.every(([, drops, its]) => drops !== true && its.length === 0)
      ? []
      : [
          `*${name}`,
          ...list.map(([chain, drops]) => `:${chain} ${drops === undefined ? '-' : drops ? 'DROP' : 'ACCEPT'}`),
          ...list.flatMap(([chain, , its]) => print(chain, its)),
          'COMMIT',
        ]
  const users = (of: Record<string, Rule[]>) =>
    Object.entries(of).map(([name, list]) => [name, undefined, list] as const)
  return [
    ...table('raw', [
      ['PREROUTING', false, rules.raw],
      ['OUTPUT', false, rules.rawOut],
    ]),
    ...table('mangle', [
      ['PREROUTING', false, rules.prerouting],
      ['INPUT', false, []],
      ['FORWARD', false, rules.forwardMarks],
      ['OUTPUT', false, rules.output],
      ['POSTROUTING', false, rules.postrouting],
    ]),
    ...table('nat', [
      ['PREROUTING', false, rules.dnat],
      ['INPUT', false, []],
      ['OUTPUT', false, rules.dnatOut],
      ['POSTROUTING', false, rules.snat],
      ...users(chains.nat),
    ]),
    ...table('filter', [
      ['INPUT', policies.input, rules.input],
      ['FORWARD', policies.forward, rules.forward],
      ['OUTPUT', policies.output, rules.out],
      ['USER', undefined, rules.user],
      ...users(chains.filter),
    ]),
    '',
  ].join('\n')
}

function nft({ family, rules, chains, policies, sets, tables }: Draft): string {
  const chain = (name: string, base: string, list: readonly Rule[]) =>
    `  chain ${name} {\n${base}${list.map((rule) => `    ${printNft(rule, family)}\n`).join('')}  }\n`
  const base = (type: string, hook: string, priority: string, drops = false) =>
    `    type ${type} hook ${hook} priority ${priority}; policy ${drops ? 'drop' : 'accept'};\n`
  const print = (list: readonly (readonly [string, string, string, string, readonly Rule[]])[]) =>
    list
      .filter(([, , , , its]) => its.length > 0)
      .map(([name, type, hook, priority, its]) => chain(name, base(type, hook, priority), its))
      .join('')
  // jumps lead forward and back: nft wants the chains to be there
  const users = (of: Record<string, Rule[]>, table: string) => {
    const names = Object.keys(of).map(nftChain)
    return {
      names: names.length === 0 ? '' : `table ${table} {\n${names.map((name) => `  chain ${name} {}\n`).join('')}}\n`,
      text: Object.entries(of)
        .map(([name, list]) => chain(nftChain(name), '', list))
        .join(''),
    }
  }
  const [ofNat, ofFilter] = [users(chains.nat, `${family} nat`), users(chains.filter, 'inet fw')]
  const declared = sets
    .map(({ name, nft, elements }) => {
      const list = elements.map(([, element]) => element).join(', ')
      return `  set ${name} { type ${nft};${list === '' ? '' : ` elements = { ${list} };`} }\n`
    })
    .join('')
  const table = (name: string, body: string) => (body === '' ? '' : `table ${name} {\n${declared}${body}}\n`)
  const nat = print([
    ['nat_in', 'nat', 'prerouting', 'dstnat', rules.dnat],
    ['nat_out', 'nat', 'output', '-100', rules.dnatOut],
    ['nat_post', 'nat', 'postrouting', 'srcnat', rules.snat],
  ])
  const early = print([
    ['raw', 'filter', 'prerouting', 'raw', rules.raw],
    ['raw_out', 'filter', 'output', 'raw', rules.rawOut],
    ['mangle_pre', 'filter', 'prerouting', 'mangle', rules.prerouting],
    ['mangle_out', 'route', 'output', 'mangle', rules.output],
    ['mangle_fwd', 'filter', 'forward', 'mangle', rules.forwardMarks],
    ['mangle_post', 'filter', 'postrouting', 'mangle', rules.postrouting],
  ])
  const filter =
    chain('user', '', rules.user) +
    ofFilter.text +
    chain('input', base('filter', 'input', 'filter', policies.input), rules.input) +
    chain('forward', base('filter', 'forward', 'filter', policies.forward), rules.forward) +
    (rules.out.length > 0 ? chain('output', base('filter', 'output', 'filter'), rules.out) : '')
  return (
    ofNat.names +
    table(`${family} nat`, ofNat.text + nat) +
    table('inet early', early) +
    ofFilter.names +
    table('inet fw', filter) +
    tables
  )
}
