/** Scripts run by the shell in a namespace, and what nfwhy reads of them: the same rules and sets are left behind. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { outlineOf, readScriptFile } from '../read/rulesets/scripts.ts'
import { randomScript } from './commands/script.ts'
import { Random } from './generate/random.ts'
import { whyNot } from './namespaces.ts'
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
    const scripts = Array.from({ length: 80 }, () => randomScript(random))
    const left = runScripts(scripts)
    let rules = 0
    scripts.forEach((script, i) => {
      const { text, told } = readScriptFile(script)
      expect(outlineOf(text), `${script}\n${told.join('\n')}`).toBe(left[i]!.outline)
      rules += left[i]!.outline.split('\n').filter((line) => line.includes(' -A ')).length
    })
    console.info(`${scripts.length} scripts compared, ${rules} rules left behind`)
    expect(rules).toBeGreaterThan(300)
  })
})
