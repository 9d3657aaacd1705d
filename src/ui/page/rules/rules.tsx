/** The rules of a machine: its chains, one of which is open, and what the search finds in all of them. */
import { batch, effect, signal, untracked, useSignalEffect } from '@preact/signals'
import { useMemo, useState } from 'preact/hooks'
import type { ChainOf, RulesetOf, TableOf } from '../../protocol.ts'
import { SIGNS } from '../list/list.tsx'
import { after, opened, openings, rulesets, tab } from '../state.ts'
import { RuleActions } from '../what-if/rule-actions.tsx'
import { changedRules, changes, loadChangedRules, useMachine } from '../what-if/trying.ts'
import { More } from './more.tsx'
import { callersOf, type Found, find } from './search.ts'

/** A chain that is looked at, as far as its place goes. */
interface Place {
  table: string
  chain: string
  /** A rule that was jumped from, or found. */
  rule?: number
}

/** Which machine is shown, and the chains gone through, the last one open. Stays while another tab is looked at. */
const shownMachine = signal(0)
const trail = signal<readonly Place[]>([])
const query = signal('')

// of other files none of these need be there
effect(() => {
  void openings.value
  untracked(() =>
    batch(() => {
      shownMachine.value = 0
      trail.value = []
      query.value = ''
    }),
  )
})

const keyOf = ({ backend, family, name }: TableOf): string => `${backend} ${family} ${name}`

const go = (place: Place): void => {
  trail.value = [...trail.value, place]
}

export function Rules() {
  useSignalEffect(() => {
    void changes.value
    void loadChangedRules()
  })
  const all = changes.value.length > 0 ? (changedRules.value ?? rulesets.value) : rulesets.value
  const ruleset = all[shownMachine.value] ?? all[0]
  if (!ruleset) return <p class="hint">No ruleset is open: drop one on the page.</p>
  return (
    <div class="rules">
      {all.length > 1 && <Machines all={all} />}
      <Tried />
      <label class="search">
        Search
        <input
          type="search"
          value={query.value}
          placeholder="words of rules, chains, sets, addresses"
          spellcheck={false}
          onInput={(event) => (query.value = event.currentTarget.value)}
        />
      </label>
      {query.value.trim() === '' ? <Browse of={ruleset} /> : <Search of={ruleset} />}
    </div>
  )
}

function Machines({ all }: { all: readonly RulesetOf[] }) {
  return (
    <label class="search">
      Machine
      <select
        value={String(shownMachine.value)}
        onChange={(event) => {
          shownMachine.value = Number(event.currentTarget.value)
          trail.value = []
          void useMachine(all[shownMachine.value]?.machine)
        }}
      >
        {all.map(({ machine }, i) => (
          <option key={machine} value={String(i)}>
            {machine ?? opened.value?.machines[i]}
          </option>
        ))}
      </select>
    </label>
  )
}

/** What comes of the changes, for who makes them here. */
function Tried() {
  const count = changes.value.length
  const now = after.value
  if (count === 0) return null
  return (
    <p class={`tried ${now?.row.mark ?? ''}`} role="status">
      {count === 1 ? '1 change' : `${count} changes`}
      {now && (
        <>
          : <span aria-hidden="true">{SIGNS[now.row.mark]}</span> {now.row.word} {now.row.decided}
        </>
      )}{' '}
      <button type="button" onClick={() => (tab.value = 'try')}>
        What if
      </button>
    </p>
  )
}

function Browse({ of }: { of: RulesetOf }) {
  const place = trail.value.at(-1)
  const table = place && of.tables.find((one) => keyOf(one) === place.table)
  const chain = table?.chains.find(({ name }) => name === place!.chain)
  if (table && chain) return <Chain of={chain} table={table} rule={place!.rule} />
  return (
    <>
      {of.tables.map((one) => (
        <Table key={keyOf(one)} of={one} />
      ))}
    </>
  )
}

const countWords = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`

/** Base chains first, then those that packets met. */
function sorted(chains: readonly ChainOf[]): ChainOf[] {
  const rank = ({ hook, hits, rules }: ChainOf) => (hook !== undefined ? 0 : hits > 0 ? 1 : rules.length > 0 ? 2 : 3)
  return [...chains].sort((a, b) => rank(a) - rank(b))
}

function Table({ of }: { of: TableOf }) {
  const chains = useMemo(() => sorted(of.chains), [of])
  return (
    <section class="table" aria-label={`Table ${of.family} ${of.name}`}>
      <h3>
        {of.family} {of.name} <span class="dim">{of.backend}</span>
      </h3>
      <More
        of={chains}
        what="chains"
        each={(chain) => (
          <li key={chain.name}>
            <button type="button" class="chain" onClick={() => go({ table: keyOf(of), chain: chain.name })}>
              <b>{chain.name}</b>
              <span class="dim">{aboutChain(chain)}</span>
              {chain.hits > 0 && <span class="hits">{countWords(chain.hits, 'packet')}</span>}
            </button>
          </li>
        )}
      />
      {of.sets.length > 0 && <More of={of.sets} what="sets" each={(set) => <SetOf key={set.name} of={set} />} />}
    </section>
  )
}

const aboutChain = ({ hook, priority, policy, owner, rules }: ChainOf): string =>
  [
    hook === undefined ? undefined : `${hook}${priority === undefined ? '' : ` ${priority}`}`,
    policy === undefined ? undefined : `policy ${policy}`,
    countWords(rules.length, 'rule'),
    owner,
  ]
    .filter((one) => one !== undefined)
    .join(' · ')

function SetOf({ of }: { of: TableOf['sets'][number] }) {
  return (
    <li>
      <details class="set">
        <summary>
          <b>{of.name}</b>{' '}
          <span class="dim">
            {of.what} · {countWords(of.all, 'element')}
          </span>
        </summary>
        <ul class="elements">
          {of.elements.map((element) => (
            <li key={element}>
              <code>{element}</code>
            </li>
          ))}
        </ul>
        {of.all > of.elements.length && (
          <p class="hint">
            {of.elements.length.toLocaleString('en')} of {of.all.toLocaleString('en')} elements are shown.
          </p>
        )}
      </details>
    </li>
  )
}

function Chain({ of, table, rule }: { of: ChainOf; table: TableOf; rule: number | undefined }) {
  const callers = useMemo(() => callersOf(table, of.name), [table, of])
  return (
    <section class="opened" aria-label={`Chain ${of.name}`}>
      <p>
        <button type="button" onClick={() => (trail.value = trail.value.slice(0, -1))}>
          ← Back
        </button>{' '}
        {trail.value.length > 1 && (
          <button type="button" onClick={() => (trail.value = [])}>
            All chains
          </button>
        )}
      </p>
      <h3>
        {table.family} {table.name} {of.name} <span class="dim">{aboutChain(of)}</span>
      </h3>
      {callers.length > 0 && (
        <div class="callers">
          called from
          <More
            of={callers}
            what="rules"
            step={8}
            each={({ chain, rule }) => (
              <li key={`${chain} ${rule.number}`}>
                <button type="button" onClick={() => go({ table: keyOf(table), chain, rule: rule.number })}>
                  {chain} rule {rule.number}
                </button>
              </li>
            )}
          />
        </div>
      )}
      {of.rules.length === 0 && <p class="hint">It has no rules.</p>}
      <More
        key={`${keyOf(table)} ${of.name}`}
        of={of.rules}
        what="rules"
        at={rule === undefined ? 0 : of.rules.findIndex(({ number }) => number === rule)}
        each={(one) => (
          <RuleRow
            key={`${one.number} ${one.text}`}
            found={{ table, chain: of, rule: one }}
            isMeant={one.number === rule}
          />
        )}
      />
    </section>
  )
}

function RuleRow({ found, isMeant = false, isFound = false }: { found: Found; isMeant?: boolean; isFound?: boolean }) {
  const { table, chain, rule } = found
  const { number, handle, text, to, hits } = rule
  const [isOpen, open] = useState(false)
  const name = `${chain.name} rule ${number}`
  return (
    <li class={isMeant ? 'rule meant' : hits > 0 ? 'rule hit' : 'rule'}>
      <span class="number" title={handle === undefined ? undefined : `handle ${handle}`}>
        {isFound ? (
          <button
            type="button"
            onClick={() => {
              query.value = ''
              go({ table: keyOf(table), chain: chain.name, rule: number })
            }}
          >
            {name}
          </button>
        ) : (
          number
        )}
      </span>
      <code>{text}</code>
      <span class="side-of-rule">
        {hits > 0 && <span class="hits">{countWords(hits, 'packet')}</span>}
        {to !== undefined && table.chains.some((one) => one.name === to) && (
          <button
            type="button"
            aria-label={`Go to chain ${to}`}
            onClick={() => {
              query.value = ''
              go({ table: keyOf(table), chain: to })
            }}
          >
            → {to}
          </button>
        )}
        <button type="button" aria-expanded={isOpen} aria-label={`Change ${name}`} onClick={() => open(!isOpen)}>
          Change
        </button>
      </span>
      {isOpen && (
        <RuleActions
          name={name}
          choose={() => useMachine(rulesets.value[shownMachine.value]?.machine)}
          rule={{ family: table.family, table: table.name, backend: table.backend, chain: chain.name, number, text }}
        />
      )}
    </li>
  )
}

function Search({ of }: { of: RulesetOf }) {
  const wanted = query.value
  const { chains, rules, sets } = useMemo(() => find(of, wanted), [of, wanted])
  const nothing = chains.length + rules.length + sets.length === 0
  return (
    <section aria-label="Found">
      <p role="status" class="hint">
        {nothing
          ? 'Nothing matches.'
          : [countWords(chains.length, 'chain'), countWords(rules.length, 'rule'), countWords(sets.length, 'set')].join(
              ', ',
            )}
      </p>
      <More
        of={chains}
        what="chains"
        step={20}
        each={({ table, chain }) => (
          <li key={`${keyOf(table)} ${chain.name}`}>
            <button
              type="button"
              class="chain"
              onClick={() => {
                query.value = ''
                go({ table: keyOf(table), chain: chain.name })
              }}
            >
              <b>{chain.name}</b>
              <span class="dim">
                {table.family} {table.name} · {aboutChain(chain)}
              </span>
            </button>
          </li>
        )}
      />
      <More
        of={rules}
        what="rules"
        each={(found) => (
          <RuleRow key={`${keyOf(found.table)} ${found.chain.name} ${found.rule.number}`} found={found} isFound />
        )}
      />
      <More of={sets} what="sets" each={(set) => <SetOf key={set.name} of={set} />} />
    </section>
  )
}
