/** Scripts run by the shell in a namespace, and what nfwhy reads of them: the same rules and sets are left behind. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { shellWord } from '../../src/model/command.ts'
import type { Ruleset } from '../../src/read/rulesets/iptables-save.ts'
import { readNft } from '../../src/read/rulesets/nft-text.ts'
import { readScript } from '../../src/read/rulesets/shell-script.ts'
import { outlineOf, readScriptFile } from '../read/rulesets/scripts.ts'
import { share } from '../share.ts'
import { randomScript } from './commands/script.ts'
import { Random } from './generate/random.ts'
import { runInNamespace, whyNot } from './namespaces.ts'
import { runScripts } from './run-scripts.ts'

const FOLDER = new URL('../../fixtures/read/rulesets/shell-script/', import.meta.url)
const seed = Number(process.env.NFWHY_SEED ?? 1)

describe.skipIf(whyNot('iptables-legacy', 'ip6tables-legacy', 'ipset'))('scripts', () => {
  const names = readdirSync(FOLDER).filter((file) => file.endsWith('.sh') && file !== 'unknown.sh')

  it('of the fixtures', () => {
    const scripts = names.map((name) => readFileSync(new URL(name, FOLDER), 'utf8').replaceAll(/sudo |\/sbin\//g, ''))
    const left = runScripts(scripts)
    names.forEach((name, i) => {
      expect(outlineOf(readScriptFile(scripts[i]!).text), name).toBe(left[i]!.outline)
    })
  })

  it(`random ones (seed ${seed})`, () => {
    const random = new Random(seed)
    const scripts = Array.from({ length: share(100) }, () => randomScript(random))
    const left = runScripts(scripts)
    let rules = 0
    scripts.forEach((script, i) => {
      const { text, told } = readScriptFile(script)
      expect(outlineOf(text), `${script}\n${told.join('\n')}`).toBe(left[i]!.outline)
      rules += left[i]!.outline.split('\n').filter((line) => line.includes(' -A ')).length
    })
    console.info(`${scripts.length} scripts compared, ${rules} rules left behind`)
    expect(rules).toBeGreaterThan(3 * scripts.length)
  })
})

describe.skipIf(whyNot('nft', 'iptables-legacy'))('scripts of nft', () => {
  const SCRIPT = `LAN=192.0.2.0/24
nft flush ruleset
nft add table inet filter
nft 'add chain inet filter input { type filter hook input priority 0; policy drop; }'
nft add chain inet filter web
nft add set inet filter hosts '{ type ipv4_addr; }'
for one in 192.0.2.7 192.0.2.8; do nft add element inet filter hosts { $one }; done
nft add rule inet filter input ip saddr $LAN tcp dport { 22, 80 } accept
nft insert rule inet filter input ct state established,related accept
nft add rule inet filter input index 0 ip saddr @hosts jump web
nft -f - <<END
table ip nat {
	chain post { type nat hook postrouting priority srcnat; ip saddr $LAN masquerade; }
}
END
nft flush set inet filter nothing
nft rename chain inet filter web www`

  it('leave the same tables behind', () => {
    const listed = runInNamespace(`sh -c ${shellWord(SCRIPT)} 2>/dev/null; nft list ruleset`)
    const outline = (rulesets: readonly Pick<Ruleset, 'tables' | 'sets'>[]) => ({
      rules: rulesets
        .flatMap(({ tables }) => tables)
        .flatMap(({ family, name, chains }) =>
          [...chains.values()].map(({ name: chain, hook, priority, policy, rules }) => ({
            ...{ family, name, chain, hook, priority, policy, rules: rules.map(({ text }) => text) },
          })),
        ),
      sets: rulesets.flatMap(({ sets = [] }) =>
        sets.map(({ name, elements }) => [name, elements.map(({ parts }) => parts.join()).sort()]),
      ),
    })
    const told: string[] = []
    const read = outline(readScript(SCRIPT, (code) => told.push(code)) as Ruleset[])
    expect(read.rules.filter(({ rules }) => rules.length > 0)).toHaveLength(2)
    expect(read).toEqual(outline(readNft(listed, () => {})))
    expect(told).toEqual(['command-failed'])
  })
})
