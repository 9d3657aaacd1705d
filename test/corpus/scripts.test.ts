/** Lists of commands of strangers: those that the real tools take whole leave the same rules behind here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { recognise } from '../../src/read/recognise.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { runScripts } from '../kernel/run-scripts.ts'
import { outlineOf, readScriptFile } from '../read/rulesets/scripts.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/iptables-cmds/`, import.meta.url)
const missing = existsSync(CORPUS) ? whyNot('iptables-legacy', 'ip6tables-legacy', 'ipset') : 'no corpus'

describe.skipIf(missing)('scripts', () => {
  it('leave behind what the kernel has', () => {
    const scripts = readdirSync(CORPUS)
      .map((name) => ({ name, text: readFileSync(new URL(name, CORPUS), 'utf8') }))
      .filter(({ text }) => recognise(text)?.format.id === 'shell-script')
    const left = runScripts(scripts.map(({ text }) => text))
    let compared = 0
    scripts.forEach(({ name, text }, i) => {
      if (/\S/.test(left[i]!.errors)) return
      compared++
      const here = readScriptFile(text)
      expect(here.told, name).toEqual([])
      expect(outlineOf(here.text), name).toBe(left[i]!.outline)
    })
    console.info(`${compared} of ${scripts.length} scripts are taken whole, and read alike`)
    expect(compared).toBeGreaterThan(30)
  })
})
