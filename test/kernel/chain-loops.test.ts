/** Which tables the kernel refuses for the way that their chains lead, asked of the kernel. */
import { describe, expect, it } from 'vitest'
import { readIptablesSave } from '../../src/read/rulesets/iptables-save.ts'
import { refusalOf } from '../../src/rules/chain-loops.ts'
import { Random } from './generate/random.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const reason = whyNot('iptables-legacy-restore', 'iptables-nft-restore')
if (reason) console.warn(`chains in circles are not compared: ${reason}`)

const save = (chains: readonly string[], rules: readonly string[]): string =>
  [
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ...chains.map((one) => `:${one} - [0:0]`),
    ...rules.map((one) => `-A ${one}`),
    'COMMIT',
    '',
  ].join('\n')

const AB = ['A', 'B']
const line = (count: number, by: string) => {
  const chains = Array.from({ length: count }, (_, i) => `C${i}`)
  return save(chains, [`INPUT ${by} C0`, ...chains.slice(1).map((chain, i) => `C${i} ${by} ${chain}`)])
}

const CASES: readonly string[] = [
  save(AB, ['INPUT -j A', 'A -g A']),
  save(AB, ['A -g A']),
  save(AB, ['INPUT -j A', 'A -g B', 'B -g A']),
  save(AB, ['INPUT -g A', 'A -j B', 'B -j A']),
  save(AB, ['A -j B', 'B -j A']),
  save(AB, ['INPUT -j A', 'A -s 10.0.0.1/32 -j A']),
  save(AB, ['INPUT -j A', 'A -j ACCEPT', 'A -j A']),
  save(AB, ['INPUT -j A', 'A -p tcp -j ACCEPT', 'A -j A']),
  save(AB, ['INPUT -j A', 'A -j B', 'A -j B']),
  ...[14, 15, 16, 17].flatMap((count) => [line(count, '-j'), line(count, '-g')]),
  ...Array.from({ length: 40 }, (_, seed) => random(new Random(seed + 1))),
]

/** Half of them have a circle. */
function random(chance: Random): string {
  const chains = ['A', 'B', 'C', 'D', 'E', 'F']
  const rules = ['INPUT', ...chains].flatMap((chain, i) =>
    Array.from({ length: chance.int(0, 2) }, () => {
      if (chance.chance(0.15)) return `${chain} -j ${chance.pick(['ACCEPT', 'RETURN'])}`
      const to = chance.chance(0.15) ? chance.pick(chains) : (chains[i] ?? 'F')
      return `${chain} ${chance.chance(0.3) ? '-p tcp ' : ''}${chance.chance(0.3) ? '-g' : '-j'} ${to}`
    }),
  )
  return save(chains, rules)
}

describe.skipIf(reason).each(['legacy', 'nft'] as const)('iptables-%s', (backend) => {
  it('refuses the same', () => {
    const restore = `iptables-${backend}-restore`
    const script = CASES.map(
      (text) => `unshare --net sh -c '${restore} >/dev/null 2>&1 && echo taken || echo refused' <<'END'\n${text}END`,
    )
    const answers = runInNamespace(script.join('\n')).trim().split('\n')
    const said = CASES.map((text) => {
      const [table] = readIptablesSave(text, () => {}).flatMap(({ tables }) => tables)
      return refusalOf({ ...table!, backend }, []) ? 'refused' : 'taken'
    })
    expect(CASES.map((text, i) => `${said[i]}\n${text}`)).toEqual(CASES.map((text, i) => `${answers[i]}\n${text}`))
    expect(new Set(said)).toEqual(new Set(['taken', 'refused']))
  })
})
