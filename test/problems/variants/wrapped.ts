/** The rules of each base chain in a chain of their own that it jumps to first. */
import type { HostSpec } from '../../../src/demo/incident.ts'
import type { Cause, Problem } from '../problem.ts'
import { built } from './texts.ts'

const BEHIND = 'own'

export function wrapped(problem: Problem): Problem | undefined {
  const { hosts, truth, mend } = problem
  // what changes rules by their chains or numbers would change others
  if (
    /(?:iptables|nft) |notrack|flow add|hook ingress|devices? /.test(JSON.stringify([problem.setup, problem.earlier]))
  )
    return
  if (/iptables|nft/.test(JSON.stringify(mend)) || !/hook|:INPUT|:FORWARD|:PREROUTING/.test(built(problem))) return
  return {
    ...problem,
    hosts: Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, withWrapped(host)])),
    truth: { ...truth, causes: truth.causes.flatMap(alsoBehind) },
  }
}

function withWrapped({ rules, ...host }: HostSpec): HostSpec {
  if (!rules) return host
  const { v4, v6, nft } = rules
  return {
    ...host,
    rules: {
      ...rules,
      ...(v4 ? { v4: ofIptables(v4) } : {}),
      ...(v6 ? { v6: ofIptables(v6) } : {}),
      ...(nft ? { nft: ofNft(nft) } : {}),
    },
  }
}

const alsoBehind = (cause: Cause): Cause[] =>
  'chain' in cause ? [cause, { ...cause, chain: `${cause.chain}_${BEHIND}` }] : [cause]

function ofIptables(text: string): string {
  const tables = text.split(/^(?=\*)/m)
  return tables
    .map((table) => {
      const used = [...table.matchAll(/^:(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) /gm)]
        .map(([, chain]) => chain!)
        .filter((chain) => table.includes(`\n-A ${chain} `))
      const moved = used.reduce((all, chain) => all.replaceAll(`\n-A ${chain} `, `\n-A ${chain}_${BEHIND} `), table)
      const chains = used.map((chain) => `:${chain}_${BEHIND} - [0:0]\n`).join('')
      const jumps = used.map((chain) => `-A ${chain} -j ${chain}_${BEHIND}\n`).join('')
      return moved.replace(/(^\*\w+\n(?::.*\n)*)/, `$1${chains}${jumps}`)
    })
    .join('')
}

function ofNft(text: string): string {
  return text.replace(
    /^([ \t]*)chain (\S+) \{\n([ \t]*type \w+ hook (?:prerouting|input|forward|output|postrouting) [^\n]*\n(?:[ \t]*policy[^\n]*\n)?)([\s\S]*?)^\1\}/gm,
    (all, indent: string, name: string, head: string, rules: string) =>
      rules.trim() === ''
        ? all
        : `${indent}chain ${name}_${BEHIND} {\n${rules}${indent}}\n${indent}chain ${name} {\n${head}${indent}${indent}jump ${name}_${BEHIND}\n${indent}}`,
  )
}
