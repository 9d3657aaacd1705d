/**
 * The same facts in other forms (test/problems/forms): as files of other names, packed, from Windows, pasted into one text,
 * and with the kernel's log as others wrap it. What is said of them is the same.
 *
 * Of problems that were captured (fixtures/problems); test/corpus/kept-forms.test.ts judges any that were played and kept.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Input, open } from '../../../src/index.ts'
import { FORMS } from '../../problems/forms/index.ts'
import { inputsOf, type Kept } from '../../problems/forms/kept.ts'

/** Traced by the kernel's log, by nft, and by iptables-nft. */
const NAMES = ['docker-output-policy-drop', 'crowdsec-unban-leaves-element', 'docker-ipv6-without-masquerade']
/** With fewer facts, or facts that something else was asked for. */
const OTHER = /^(?:nft|iptables|ipset|addresses|routes|rules|neighbours|sockets|conntrack|settings|trace|nflog): /
/** A packet's lines are in two captures. */
const LESS: ReadonlySet<string> = new Set(['log: rotated'])

const forms = Object.keys(FORMS).filter((name) => !OTHER.test(name) && !LESS.has(name))

function keptOf(name: string): Kept {
  const path = fileURLToPath(new URL(`../../../fixtures/problems/${name}.tgz`, import.meta.url))
  const tar = (...words: readonly string[]) => execFileSync('tar', words, { encoding: 'utf8' })
  const files = tar('-tzf', path)
    .split('\n')
    .filter((file) => file !== '' && !file.endsWith('/'))
  return {
    files: Object.fromEntries(files.map((file) => [file.split('/').at(-1)!, tar('-xzOf', path, file)])),
    asked: {},
  }
}

async function said(inputs: Input[]) {
  const { exchanges } = await (await open(inputs)).exchanges()
  return exchanges
    .map(({ status, culprit, asked, findings }) => ({
      ...{ status, culprit, asked: `${asked.src} ${asked.dst} ${asked.dport}` },
      // a log with days has other words for its times
      findings: findings.map(({ code, severity }) => `${severity} ${code}`).sort(),
    }))
    .sort((a, b) => (a.asked < b.asked ? -1 : 1))
}

describe.each(NAMES)('%s', (name) => {
  const kept = keptOf(name)
  const asKept = said(inputsOf(kept.files))

  it('is told', async () => {
    expect((await asKept).length).toBeGreaterThan(0)
  })

  it.each(forms.filter((form) => FORMS[form]!(kept)))('%s', async (form) => {
    expect(await said(FORMS[form]!(kept)!)).toEqual(await asKept)
  })
})
