/**
 * What `iptables -L` shows of every rule of fixtures/rules/iptables, in each of its forms, against what iptables-save
 * prints of the same rule: the model is the same, or the rule says that something of it is not known. Never another one.
 */
import { describe, expect, it } from 'vitest'
import type { Condition } from '../../src/model/condition.ts'
import type { Rule } from '../../src/model/ruleset.ts'
import { RULESET_FORMATS } from '../../src/read/rulesets/index.ts'
import { type Row, readTables } from '../rules/iptables/tables.ts'
import { whyNot } from './namespaces.ts'
import { askAbout, restore, toolOf } from './rows.ts'

const reason = whyNot('iptables-legacy', 'ip6tables-legacy', 'ipset')
if (reason) console.warn(`iptables -L is not compared: ${reason}`)

const FORMS = ['-nvL', '-nvxL --line-numbers', '-nL', '-vL', '-L --line-numbers']
const CUT = '@FORM '

/** The table with this rule in it, as iptables-save prints it and in each form. */
function listAll(row: Row): string {
  const tool = toolOf(row)
  const added = restore(row, [`-A ${row.chain} ${row.rule}`])
  const lists = FORMS.map(
    (form) => `echo '${CUT}'; echo '$ ${tool} -t ${row.table} ${form}'; ${tool} -t ${row.table} ${form}`,
  )
  return `if ${added}\nthen ${tool}-save -t ${row.table}; ${lists.join('; ')}; ${tool} -t ${row.table} -F; fi`
}

function rulesOf(text: string, chain: string): { format: string | undefined; rules: Rule[] } {
  const format = RULESET_FORMATS.find((one) => one.sniff(text))
  const [table] = format?.read(text, () => {}).flatMap(({ tables }) => tables) ?? []
  return { format: format?.id, rules: table?.chains.get(chain)?.rules ?? [] }
}

/** What it means, without the words it was written in; a comment is words. */
const meaning = (rule: Rule, brief: boolean) => ({
  conditions: rule.conditions.map(withoutText).filter((one) => !(brief && (isDevice(one) || one.includes(BRIEF)))),
  statements: rule.statements.map(withoutText),
})
const BRIEF = 'without -v does not show interfaces'
const isDevice = (text: string) => /"meta [io]ifname"/.test(text)
const withoutText = (one: object) => JSON.stringify(one, (key, value) => (key === 'text' ? undefined : value))

const isUnknown = (one: Condition | Rule['statements'][number]): boolean =>
  one.kind === 'unknown' && one.reason === 'not understood'
const saysSo = ({ conditions, statements }: Rule) => [...conditions, ...statements].some(isUnknown)

describe.skipIf(reason)('iptables -L', () => {
  const count = { rules: 0, same: 0 }
  describe.each(readTables())('$kind/$name', ({ rows }) => {
    const good = rows.filter(({ ok }) => ok)
    const answers = reason ? [] : askAbout(good, listAll)
    it('says the same as iptables-save, or that it does not know', () => {
      good.forEach((row, i) => {
        const { output, missing } = answers[i]!
        if (missing) return
        const [saved = '', ...lists] = output.split(`${CUT}\n`)
        const wanted = rulesOf(saved, row.chain).rules
        lists.forEach((list, form) => {
          const { format, rules } = rulesOf(list, row.chain)
          expect([row.rule, FORMS[form], format, rules.length]).toEqual([
            row.rule,
            FORMS[form],
            'iptables-list',
            wanted.length,
          ])
          rules.forEach((rule, at) => {
            count.rules++
            const brief = !FORMS[form]!.includes('v')
            // without -n, the address :: is printed as ::/0 is
            if (saysSo(rule) || (row.rule === '-s ::' && !/^-\w*n/.test(FORMS[form]!))) return
            count.same++
            expect([row.rule, FORMS[form], meaning(rule, brief)]).toEqual([
              row.rule,
              FORMS[form],
              meaning(wanted[at]!, brief),
            ])
          })
        })
      })
    })
  })

  it('is understood for the most part', () => {
    console.info(`${count.same} of ${count.rules} listed rules are known whole`)
    expect(count.same / count.rules).toBeGreaterThan(0.8)
  })
})
